import sharp from 'sharp'
import { expect, it } from 'vitest'
import { fileNotAPicture, imageNotFound, notAPicture, notBase64 } from '../../src/errors/images.js'
import { type Caller, newProjectId, type Running } from '../support/helper.js'
import { onEveryStore, throughBoth } from '../support/matrix.js'
import { colourAt, halves, laden, plain } from './pictures.js'

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\.(png|jpg|webp)$/
const small = () => plain(8, 8).png().toBuffer()

async function bytesOf(service: Running, projectId: string, imageId: string, query = '') {
  const response = await service.send(`/api/projects/${projectId}/images/${imageId}${query}`)
  return { response, bytes: Buffer.from(await response.arrayBuffer()) }
}

throughBoth('images', (caller, service) => {
  const call: Caller['call'] = (procedure, input) => caller().call(procedure, input)
  async function upload(projectId: string, bytes: Buffer, role = 'upload'): Promise<string> {
    const outcome = await call('images.upload', { projectId, imageBase64: bytes.toString('base64'), role })
    expect(outcome).toMatchObject({ status: 201, value: { id: expect.stringMatching(ID) } })
    return outcome.value.id
  }

  it('are stored as pixels of their format and nothing else, turned as they should be', async () => {
    const projectId = newProjectId()
    for (const [format, extension] of [
      ['png', 'png'],
      ['jpeg', 'jpg'],
      ['webp', 'webp'],
    ] as const) {
      const id = await upload(projectId, await laden(format, 6))
      expect(id.split('.')[1]).toBe(extension)
      const { response, bytes } = await bytesOf(service(), projectId, id)
      expect(response.headers.get('content-type')).toBe(`image/${format}`)
      const { width, height, exif, icc, xmp } = await sharp(bytes).metadata()
      expect({ width, height, exif, icc, xmp }).toEqual({ width: 40, height: 60 })
      expect(bytes.includes('SECRET')).toBe(false)
    }
  })

  it('may come with a data: prefix, and broken into lines', async () => {
    const projectId = newProjectId()
    const base64 = (await small()).toString('base64')
    for (const imageBase64 of [`data:image/gif;base64,${base64}`, base64.replaceAll(/(.{40})/g, '$1\r\n')]) {
      const outcome = await call('images.upload', { projectId, imageBase64, role: 'upload' })
      expect(outcome.status).toBe(201)
    }
  })

  it.each([
    ['no base64', 'not base64!'],
    ['nothing', ''],
    ['a prefix alone', 'data:image/png;base64,'],
    ['a wrong length', 'abc'],
    ['the URL alphabet', '-_-_'],
  ])('are refused when they are %s', async (_, imageBase64) => {
    const outcome = await call('images.upload', { projectId: newProjectId(), imageBase64, role: 'upload' })
    const message = notBase64.text
    expect(outcome).toMatchObject({ status: 400, message, issues: [{ path: 'imageBase64', message }] })
  })

  it.each([
    ['SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')],
    ['GIF', Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64')],
    ['HTML', Buffer.from('<!doctype html><script>alert(1)</script>')],
    ['a PDF', Buffer.from('%PDF-1.7\n')],
  ])('are refused, saying what is accepted, when they are %s', async (_, bytes) => {
    const imageBase64 = `data:image/png;base64,${bytes.toString('base64')}`
    const outcome = await call('images.upload', { projectId: newProjectId(), imageBase64, role: 'upload' })
    expect(outcome).toMatchObject({
      status: 400,
      message: notAPicture.text,
      issues: [{ path: 'imageBase64' }],
    })
  })

  it('are refused with a role that there is not, or none, or of another type', async () => {
    const imageBase64 = (await small()).toString('base64')
    for (const role of ['avatar', '', undefined, 5, null, ['upload']]) {
      const outcome = await call('images.upload', { projectId: newProjectId(), imageBase64, role })
      expect(outcome).toMatchObject({
        status: 400,
        message: 'role must be one of persona-avatar, persona-avatar-styleguide, upload',
        issues: [{ path: 'role' }],
      })
    }
    const listed = await call('images.list', { projectId: newProjectId(), role: 'avatar' })
    expect(listed.status).toBe(400)
  })

  it('are listed oldest first, all or those of a role', async () => {
    const projectId = newProjectId()
    expect((await call('images.list', { projectId })).value).toEqual({ ids: [] })
    const picture = await small()
    const a = await upload(projectId, picture, 'upload')
    const b = await upload(projectId, picture, 'persona-avatar-styleguide')
    const c = await upload(projectId, picture, 'upload')
    expect((await call('images.list', { projectId })).value).toEqual({ ids: [a, b, c] })
    expect((await call('images.list', { projectId, role: 'upload' })).value).toEqual({ ids: [a, c] })
  })

  it('are deleted once, in their own project only', async () => {
    const projectId = newProjectId()
    const imageId = await upload(projectId, await small())
    const missing = { status: 404, code: 'NOT_FOUND', message: imageNotFound.text }
    expect(await call('images.delete', { projectId: newProjectId(), imageId })).toMatchObject(missing)
    for (const odd of ['x', '../a', `${imageId}/..`, 'a\u0000', '%2e%2e']) {
      expect(await call('images.delete', { projectId, imageId: odd })).toMatchObject(missing)
    }
    expect((await call('images.delete', { projectId, imageId })).status).toBe(204)
    expect(await call('images.delete', { projectId, imageId })).toMatchObject(missing)
    expect((await bytesOf(service(), projectId, imageId)).response.status).toBe(404)
  })

  it('of a persona go when it is deleted or shows another, but for those that another persona shows', async () => {
    const projectId = newProjectId()
    const [one, two] = [
      await upload(projectId, await small(), 'persona-avatar'),
      await upload(projectId, await small(), 'persona-avatar'),
    ]
    const other = await upload(projectId, await small(), 'upload')
    const persona = async (name: string, imageUrl: string) => {
      const { value } = await call('personas.create', { projectId, name })
      await call('personas.update', { projectId, id: value.id, imageUrl })
      return value.id
    }
    const [a, b, c] = [await persona('a', one), await persona('b', one), await persona('c', two)]
    const left = async () => (await call('images.list', { projectId })).value.ids
    await call('personas.update', { projectId, id: a, imageUrl: other })
    expect(await left()).toEqual([one, two, other])
    await call('personas.delete', { projectId, id: b })
    expect(await left()).toEqual([two, other])
    await call('personas.update', { projectId, id: c, imageUrl: null })
    expect(await left()).toEqual([other])
    await call('personas.delete', { projectId, id: a })
    expect(await left()).toEqual([other])
  })
})

onEveryStore('served images', (service) => {
  async function uploaded(projectId: string, bytes: Buffer): Promise<string> {
    const { id } = await service().client.images.upload.mutate({
      projectId,
      imageBase64: bytes.toString('base64'),
      role: 'upload',
    })
    return id
  }

  it('come with headers that let them be kept for good', async () => {
    const projectId = newProjectId()
    const id = await uploaded(projectId, await halves().png().toBuffer())
    const { response, bytes } = await bytesOf(service(), projectId, id)
    const etag = response.headers.get('etag')
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'image/png',
      'content-length': String(bytes.length),
      'cache-control': 'private, max-age=31536000, immutable',
      'x-content-type-options': 'nosniff',
      etag: expect.stringMatching(/^"[^"]+"$/),
    })
    const path = `/api/projects/${projectId}/images/${id}`
    const again = await service().send(path, { headers: { 'If-None-Match': String(etag) } })
    expect([again.status, await again.text()]).toEqual([304, ''])
    const head = await service().send(path, { method: 'HEAD' })
    expect(head.headers.get('content-length')).toBe(String(bytes.length))
  })

  it('are scaled down, never up, and re-encoded as asked, with a tag of their own', async () => {
    const projectId = newProjectId()
    const id = await uploaded(projectId, await plain(300, 150).png().toBuffer())
    const tags = new Set<string | null>()
    for (const [query, format, width] of [
      ['', 'png', 300],
      ['?size=64', 'png', 64],
      ['?size=128&format=webp', 'webp', 128],
      ['?format=jpeg', 'jpeg', 300],
      ['?size=1024', 'png', 300],
    ] as const) {
      const { response, bytes } = await bytesOf(service(), projectId, id, query)
      expect(response.headers.get('content-type')).toBe(`image/${format}`)
      expect(await sharp(bytes).metadata()).toMatchObject({ format, width, height: width / 2 })
      expect(await colourAt(bytes, 0.5, 0.5)).toBe('red')
      tags.add(response.headers.get('etag'))
    }
    expect(tags.size).toBe(5)
    const twice = [0, 1].map(() => bytesOf(service(), projectId, id, '?size=64&format=webp'))
    const [first, second] = await Promise.all(twice)
    expect(first?.bytes.equals(second?.bytes ?? Buffer.alloc(0))).toBe(true)
  })

  it('are refused with 400 in a format that cannot hold them, and come once they are scaled down', async () => {
    const projectId = newProjectId()
    const id = await uploaded(projectId, await plain(16_384, 8).png().toBuffer())
    const { response, bytes } = await bytesOf(service(), projectId, id, '?format=webp')
    const message =
      'format webp takes pictures of at most 16,383 pixels a side: add size or choose another format'
    expect(response.status).toBe(400)
    expect(JSON.parse(bytes.toString())).toMatchObject({ message, issues: [{ path: 'format', message }] })
    for (const query of ['?format=webp&size=64', '?format=jpeg', '?size=1024']) {
      expect((await bytesOf(service(), projectId, id, query)).response.status).toBe(200)
    }
  })

  it.each(['?size=65', '?size=0', '?size=abc', '?size=64&size=64', '?format=gif', '?format=PNG', '?size='])(
    'are refused with 400 for %s',
    async (query) => {
      const { response } = await bytesOf(service(), newProjectId(), 'a.png', query)
      expect(response.status).toBe(400)
    },
  )

  it('of another project are 404, whatever is tried in the id', async () => {
    const [own, other] = [newProjectId(), newProjectId()]
    const id = await uploaded(other, await small())
    for (const odd of [
      id,
      `..%2F..%2F${other}%2Fimages%2F${id}`,
      `%2e%2e%2f${id}`,
      `${id}%00`,
      `${other}%2F${id}`,
      '*',
      '%25',
    ]) {
      for (const query of ['', '?size=64']) {
        const { response } = await bytesOf(service(), own, odd, query)
        expect([odd, response.status]).toEqual([odd, 404])
      }
    }
  })

  it('are gone from the variants too once they are deleted', async () => {
    const projectId = newProjectId()
    const id = await uploaded(projectId, await plain(80, 80).png().toBuffer())
    expect((await bytesOf(service(), projectId, id, '?size=64')).response.status).toBe(200)
    await service().client.images.delete.mutate({ projectId, imageId: id })
    expect((await bytesOf(service(), projectId, id, '?size=64')).response.status).toBe(404)
  })
})

onEveryStore('uploads of a file', (service) => {
  const send = (body: Buffer, type: string, query = '?role=upload', projectId = newProjectId()) =>
    service().send(`/api/projects/${projectId}/images/file${query}`, {
      method: 'POST',
      headers: { 'Content-Type': type },
      body,
    })

  it('are stored by what they are, whatever image type they are sent as', async () => {
    const projectId = newProjectId()
    const response = await send(await halves().jpeg().toBuffer(), 'image/png', '?role=upload', projectId)
    expect(response.status).toBe(201)
    const { id } = (await response.json()) as { id: string }
    expect(id).toMatch(/\.jpg$/)
    expect((await bytesOf(service(), projectId, id)).response.headers.get('content-type')).toBe('image/jpeg')
  })

  it('may come as bytes of no particular type', async () => {
    for (const type of ['application/octet-stream', 'IMAGE/WEBP', 'image/jpeg; q=1']) {
      expect((await send(await small(), type)).status).toBe(201)
    }
  })

  it('need a role in the query', async () => {
    for (const query of ['', '?role=avatar', '?role=upload&role=upload']) {
      const response = await send(await small(), 'image/png', query)
      const message = 'role must be one of persona-avatar, persona-avatar-styleguide, upload'
      expect([response.status, await response.json()]).toMatchObject([
        400,
        { message, issues: [{ path: 'role' }] },
      ])
    }
  })

  it.each<[what: string, body: Buffer, type: string]>([
    ['is empty', Buffer.alloc(0), 'image/png'],
    ['is no picture of an accepted format', Buffer.from('<svg/>'), 'image/svg+xml'],
    ['is base64', Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAAAA=='), 'image/png'],
  ])('are refused, naming the body, when it %s', async (_, body, type) => {
    const response = await send(body, type)
    const answer = await response.text()
    expect([response.status, JSON.parse(answer)]).toMatchObject([
      400,
      { message: fileNotAPicture.text, issues: [{ path: 'body', message: fileNotAPicture.text }] },
    ])
    expect(answer).not.toContain('imageBase64')
  })

  it('are refused in JSON or any other type, as a JSON upload is as a picture: each 415 says where it goes', async () => {
    const picture = await small()
    for (const type of ['application/json', 'text/plain', 'multipart/form-data; boundary=x']) {
      const response = await send(picture, type)
      const message =
        'Content-Type must be an image type or application/octet-stream, with the picture itself as the body'
      expect([response.status, await response.json()]).toMatchObject([415, { message }])
    }
    for (const type of ['image/png', 'application/octet-stream']) {
      const response = await service().send(`/api/projects/${newProjectId()}/images?role=upload`, {
        method: 'POST',
        headers: { 'Content-Type': type },
        body: picture,
      })
      const message = 'Content-Type must be application/json; a picture itself goes to …/images/file'
      expect([response.status, await response.json()]).toMatchObject([415, { message }])
    }
    const packed = await service().send(`/api/projects/${newProjectId()}/images/file?role=upload`, {
      method: 'POST',
      headers: { 'Content-Type': 'image/png', 'Content-Encoding': 'gzip' },
      body: picture,
    })
    expect(packed.status).toBe(415)
  })

  it('take as much as 10 MiB, refuse more with 400, and more than 15 MiB with 413', async () => {
    const noise = (width: number) =>
      sharp({
        create: {
          width,
          height: width,
          channels: 3,
          background: 'red',
          noise: { type: 'gaussian', mean: 128, sigma: 60 },
        },
      })
        .png({ compressionLevel: 1 })
        .toBuffer()
    const large = await noise(1_700)
    expect(large.length).toBeGreaterThan(6 * 1024 * 1024)
    expect(large.length).toBeLessThan(10 * 1024 * 1024)
    expect((await send(large, 'image/png')).status).toBe(201)
    const over = Buffer.concat([large, Buffer.alloc(10 * 1024 * 1024 + 1 - large.length)])
    expect((await send(over, 'image/png')).status).toBe(400)
    const far = await send(Buffer.alloc(15 * 1024 * 1024 + 1), 'image/png').catch(() => undefined)
    // Far over the limit the connection may end before the answer is read.
    expect([413, undefined]).toContain(far?.status)
  })
})
