import { setTimeout as sleep } from 'node:timers/promises'
import { MongoNetworkError, MongoServerError } from 'mongodb'
import { describe, expect, it } from 'vitest'
import { databaseUnavailable } from '../../../src/errors/store.js'
import { withTimeout } from '../../../src/store/mongo/timeout.js'

const serverError = (code: number) => new MongoServerError({ message: 'inside', code })
const fail = (error: unknown) => withTimeout(() => Promise.reject(error))

describe('withTimeout', () => {
  it.each([
    ['a network error', new MongoNetworkError('inside')],
    ['a primary that stepped down', serverError(189)],
    ['a server that shuts down', serverError(91)],
    ['a majority that does not answer', serverError(64)],
  ])('takes %s for an outage', async (_, error) => {
    const message = databaseUnavailable.text
    const expected = { code: 'SERVICE_UNAVAILABLE', retryAfter: 5, message, cause: error }
    await expect(fail(error)).rejects.toMatchObject(expected)
  })

  it('reports a full disk', async () => {
    const expected = { code: 'SERVICE_UNAVAILABLE', reason: 'storage_full' }
    await expect(fail(serverError(14031))).rejects.toMatchObject(expected)
  })

  it.each([serverError(11000), serverError(2), new TypeError('x')])(
    'passes other errors on: %s',
    async (error) => {
      await expect(fail(error)).rejects.toBe(error)
    },
  )

  it('rejects after its timeout, and aborts the work', async () => {
    let given: AbortSignal | undefined
    const work = (signal: AbortSignal) => {
      given = signal
      return sleep(60_000, undefined, { ref: false })
    }
    await expect(withTimeout(work, 20)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' })
    expect(given?.aborted).toBe(true)
  })
})
