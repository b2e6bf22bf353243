import { randomUUID } from 'node:crypto'
import { expect, it } from 'vitest'
import { imageFormats, imageRoles } from '../../src/images/schema.js'
import type { Store } from '../../src/store/store.js'
import { newImage, range } from './samples.js'

/** A project's images. */
export function imageContract(store: () => Store) {
  it('gives back the bytes of 3 MB', async () => {
    const project = randomUUID()
    const image = newImage('upload', 3_000_000)
    await store().insertImage(project, image)
    const found = await store().findImage(project, image.id)
    expect(Buffer.isBuffer(found?.bytes)).toBe(true)
    expect(found?.bytes.equals(image.bytes)).toBe(true)
    expect(found).toMatchObject({ id: image.id, role: 'upload', format: 'png' })
  })

  it('keeps every role and format', async () => {
    const project = randomUUID()
    for (const role of imageRoles) {
      for (const format of imageFormats) {
        const image = { ...newImage(role), format }
        await store().insertImage(project, image)
        expect(await store().findImage(project, image.id)).toEqual(image)
      }
    }
  })

  it('finds an image in its project alone', async () => {
    const [project, other] = [randomUUID(), randomUUID()]
    const image = newImage()
    await store().insertImage(project, image)
    expect(await store().hasImage(project, image.id)).toBe(true)
    expect(await store().hasImage(other, image.id)).toBe(false)
    expect(await store().findImage(other, image.id)).toBeNull()
    expect(await store().deleteImage(other, image.id)).toBe(false)
    expect(await store().findImage(project, `${randomUUID()}.png`)).toBeNull()
    await store().insertImage(other, { ...image, bytes: Buffer.from('other') })
    expect((await store().findImage(project, image.id))?.bytes.equals(image.bytes)).toBe(true)
  })

  it('deletes an image once', async () => {
    const project = randomUUID()
    const image = newImage('upload')
    await store().insertImage(project, image)
    expect(await store().deleteImage(project, image.id)).toBe(true)
    expect(await store().deleteImage(project, image.id)).toBe(false)
    expect(await store().findImage(project, image.id)).toBeNull()
    expect(await store().hasImage(project, image.id)).toBe(false)
    expect(await store().listImageIds(project)).toEqual([])
  })

  it('lists ids oldest first, by role or all', async () => {
    const project = randomUUID()
    const images = range(24).map((i) => newImage(imageRoles[i % 3]))
    for (const image of images) await store().insertImage(project, image)
    const idsOf = (role?: string) =>
      images.filter((image) => role === undefined || image.role === role).map(({ id }) => id)
    expect(await store().listImageIds(project)).toEqual(idsOf())
    for (const role of imageRoles) expect(await store().listImageIds(project, role)).toEqual(idsOf(role))
    expect(await store().listImageIds(randomUUID())).toEqual([])
  })

  it('lists the newest ids of a role, newest first', async () => {
    const project = randomUUID()
    const references = range(6).map(() => newImage('persona-avatar-styleguide'))
    for (const image of references) {
      await store().insertImage(project, image)
      await store().insertImage(project, newImage('upload'))
      await store().insertImage(randomUUID(), newImage('persona-avatar-styleguide'))
    }
    const ids = references.map(({ id }) => id).reverse()
    const newest = (limit: number) => store().listNewestImageIds(project, 'persona-avatar-styleguide', limit)
    expect(await newest(4)).toEqual(ids.slice(0, 4))
    expect(await newest(16)).toEqual(ids)
    expect(await store().listNewestImageIds(project, 'persona-avatar', 4)).toEqual([])
  })
}
