import { randomUUID } from 'node:crypto'
import { expect, it } from 'vitest'
import type { ImageRole } from '../../src/images/schema.js'
import type { Store } from '../../src/store/store.js'
import { insert, newImage, T0 } from './samples.js'

/** Portraits that a persona shows, and the fate of those that none shows any more. */
export function portraitContract(store: () => Store) {
  /** A persona of a new project that shows a stored image. */
  async function withPortrait(role: ImageRole = 'persona-avatar') {
    const project = randomUUID()
    const { id } = await insert(store(), project)
    const image = newImage(role)
    await store().insertImage(project, image)
    await store().updatePersona(project, id, { imageUrl: image.id, now: T0 })
    return { project, id, image }
  }
  const isStored = (project: string, image: { id: string }) => store().hasImage(project, image.id)

  /** The ways in which a persona can lose its portrait. */
  const losses: [name: string, lose: (project: string, id: string) => Promise<unknown>][] = [
    ['clearing', (project, id) => store().updatePersona(project, id, { imageUrl: null, now: T0 })],
    ['setting another', (project, id) => store().updatePersona(project, id, { imageUrl: 'b.png', now: T0 })],
    ['a new portrait', (project, id) => store().storePortrait(project, id, { image: newImage(), now: T0 })],
    ['deletion', (project, id) => store().deletePersona(project, id)],
  ]

  it.each(losses)('removes the portrait after %s', async (_, lose) => {
    const { project, id, image } = await withPortrait()
    await lose(project, id)
    expect(await isStored(project, image)).toBe(false)
  })

  it.each(losses)('keeps a portrait that another persona shows after %s', async (_, lose) => {
    const { project, id, image } = await withPortrait()
    const other = await insert(store(), project)
    await store().updatePersona(project, other.id, { imageUrl: image.id, now: T0 })
    await lose(project, id)
    expect(await isStored(project, image)).toBe(true)
    await lose(project, other.id)
    expect(await isStored(project, image)).toBe(false)
  })

  it.each(losses)('keeps images of other roles and of other projects after %s', async (_, lose) => {
    const { project, id, image } = await withPortrait('upload')
    await lose(project, id)
    expect(await isStored(project, image)).toBe(true)

    const avatar = await withPortrait()
    const elsewhere = randomUUID()
    await store().insertImage(elsewhere, avatar.image)
    await lose(avatar.project, avatar.id)
    expect(await isStored(avatar.project, avatar.image)).toBe(false)
    expect(await isStored(elsewhere, avatar.image)).toBe(true)
  })

  it('is not impressed by a persona of another project that shows the same id', async () => {
    const { project, id, image } = await withPortrait()
    const elsewhere = randomUUID()
    const other = await insert(store(), elsewhere)
    await store().updatePersona(elsewhere, other.id, { imageUrl: image.id, now: T0 })
    await store().deletePersona(project, id)
    expect(await isStored(project, image)).toBe(false)
  })

  it('keeps the portrait through calls that do not take it away', async () => {
    const { project, id, image } = await withPortrait()
    await insert(store(), project, { name: 'taken' })
    const before = await store().findPersona(project, id)
    const update = (change: object) => store().updatePersona(project, id, { ...change, now: T0 + 9 })
    expect(await update({ imageUrl: image.id })).toStrictEqual(before)
    expect(await update({ imageUrl: null, ifMatch: [] })).toBe('stale')
    expect(await update({ imageUrl: null, name: 'taken' })).toBe('name-taken')
    expect(await store().deletePersona(project, id, [])).toBe('stale')
    await update({ description: 'changed' })
    expect(await isStored(project, image)).toBe(true)
  })

  it('stores a portrait and points the persona at it', async () => {
    const project = randomUUID()
    const before = await insert(store(), project)
    const image = newImage()
    const after = await store().storePortrait(project, before.id, { image, now: T0 - 60_000 })
    const updatedAt = '2026-01-28T10:00:00.001Z'
    expect(after).toStrictEqual({ ...before, imageUrl: image.id, version: 2, updatedAt })
    expect(await store().findPersona(project, before.id)).toStrictEqual(after)
    expect(await store().findImage(project, image.id)).toEqual(image)
    expect(await store().listImageIds(project, 'persona-avatar')).toEqual([image.id])
  })

  it('leaves nothing of a portrait for a missing persona', async () => {
    const project = randomUUID()
    const { id } = await insert(store(), randomUUID())
    for (const missing of [randomUUID(), id]) {
      const outcome = await store().storePortrait(project, missing, { image: newImage(), now: T0 })
      expect(outcome).toBe('missing')
    }
    expect(await store().listImageIds(project)).toEqual([])
  })
}
