import { afterAll, beforeAll, expect, it } from 'vitest'
import { plain } from '../images/pictures.js'
import { newProjectId, type Running, startService } from '../support/helper.js'
import { dribble, type RawConnection } from '../support/raw.js'

let service: Running
beforeAll(async () => {
  service = await startService()
})
afterAll(() => service.close())

const path = () => `/api/projects/${newProjectId()}/images/file?role=upload`

/** Announces an upload of 15 MiB and sends a byte of it now and then. */
function dribblingUpload(): RawConnection {
  const length = 15 * 1024 * 1024
  const head = `POST ${path()} HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: ${length}\r\n\r\n`
  return dribble(service.url, head, 200)
}

it('does not let senders that dribble keep other uploads out', async () => {
  const slow = [dribblingUpload(), dribblingUpload()]
  await new Promise((resolve) => setTimeout(resolve, 200))
  const body = await plain(8, 8).png().toBuffer()
  const upload = (length: number) =>
    service.send(path(), {
      method: 'POST',
      headers: { 'Content-Type': 'image/png' },
      body: Buffer.concat([body, Buffer.alloc(length)]),
    })
  // A small one fits beside them; a large one has to wait until they are cut, and is refused for what it is.
  const began = performance.now()
  const small = await upload(0)
  expect(small.status).toBe(201)
  expect(performance.now() - began).toBeLessThan(4_000)
  const large = await upload(9 * 1024 * 1024)
  expect([201, 400]).toContain(large.status)
  expect(await slow[0]?.received).toMatch(/^HTTP\/1.1 408 /)
  for (const { socket } of slow) socket.destroy()
})
