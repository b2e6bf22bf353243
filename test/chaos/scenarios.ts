import { setTimeout as delay } from 'node:timers/promises'
import { batchOf, bytesOf, sendUnread } from '../support/ask.js'
import { noisePicture } from '../support/samples.js'
import { writeOnFullDisk } from './persona-writers.js'
import type { Caller } from './site.js'

/** An answer that is not read is to be cut by then, in milliseconds: 60 s, and what a busy service takes to make it. */
const CUT_MS = 85_000
/** More than sockets hold by themselves, and less than the answer that is not read: 24 MB. */
const HELD_BYTES = 16_000_000

async function pipelineAndReset({ site }: Caller, bytes: Buffer, afterMs: number): Promise<void> {
  const socket = sendUnread(site.base, bytes)
  await delay(afterMs)
  socket.resetAndDestroy()
  await delay(500)
}

/** Each is a way in which a service lost something for good; a run has each at least once. */
export const scenarios: Record<string, (caller: Caller) => Promise<void>> = {
  'pipelined-requests': async (caller) => {
    const requests = Array<Buffer>(1_600).fill(bytesOf({ path: '/healthz' }))
    await pipelineAndReset(caller, Buffer.concat(requests), caller.random.below(40))
  },
  'pipelined-uploads': async (caller) => {
    const picture = await noisePicture(64)
    const body = JSON.stringify({ imageBase64: picture.toString('base64'), role: 'upload' })
    const one = bytesOf({ path: '/api/projects/pipelined/images', body }, { chunked: true })
    await pipelineAndReset(caller, Buffer.concat(Array<Buffer>(60).fill(one)), 20 + caller.random.below(60))
  },
  'pictures-given-up': async (caller) => {
    const { site, random } = caller
    // A variant that was not made before: of a picture of this run, in a format of its own.
    const path = `/api/projects/big/images/${site.pictureId}?format=png&size=1024`
    const large = `/api/projects/big/images/${site.pictureId}?format=png`
    const sockets = [large, path].flatMap((each) =>
      Array.from({ length: 40 }, () => sendUnread(site.base, bytesOf({ path: each }))),
    )
    await delay(50 + random.below(50))
    for (const socket of sockets) socket.resetAndDestroy()
    await delay(3_000)
  },
  'unread-trpc-answer': async ({ site }) => {
    const asked = batchOf('personas.list', Array(12).fill({ projectId: 'big' }))
    const socket = sendUnread(site.base, bytesOf(asked))
    const cutBy = Date.now() + CUT_MS
    site.later.push(async () => {
      await delay(Math.max(0, cutBy - Date.now()))
      // A paused socket hears of its end when it is read again; what the service still holds comes whole.
      let received = 0
      let status = ''
      socket.on('data', (chunk: Buffer) => {
        if (received === 0) status = chunk.toString('latin1', 9, 12)
        received += chunk.length
      })
      socket.resume()
      await delay(3_000)
      socket.destroy()
      const isWhole = status === '200' && received > HELD_BYTES
      site.ledger.check(
        !isWhole,
        `an answer of tRPC is held ${CUT_MS / 1000} s for a caller that does not read it`,
      )
    })
  },
  'full-disk': writeOnFullDisk,
}
