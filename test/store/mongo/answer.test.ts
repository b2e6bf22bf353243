import { setTimeout as sleep } from 'node:timers/promises'
import { MongoNetworkError, MongoServerError } from 'mongodb'
import { describe, expect, it } from 'vitest'
import { databaseUnavailable } from '../../../src/errors/store.js'
import { answer } from '../../../src/store/mongo/answer.js'

const refusal = (code: number) => new MongoServerError({ message: 'inside', code })
const fail = (error: unknown) => answer(() => Promise.reject(error))

describe('answer', () => {
  it.each([
    ['a network error', new MongoNetworkError('inside')],
    ['a primary that stepped down', refusal(189)],
    ['a server that shuts down', refusal(91)],
    ['a majority that does not answer', refusal(64)],
  ])('takes %s for an outage', async (_, error) => {
    const message = databaseUnavailable.text
    const expected = { code: 'SERVICE_UNAVAILABLE', retryAfter: 5, message, cause: error }
    await expect(fail(error)).rejects.toMatchObject(expected)
  })

  it('tells a full disk', async () => {
    const expected = { code: 'SERVICE_UNAVAILABLE', reason: 'storage_full' }
    await expect(fail(refusal(14031))).rejects.toMatchObject(expected)
  })

  it.each([refusal(11000), refusal(2), new TypeError('x')])('passes other errors on: %s', async (error) => {
    await expect(fail(error)).rejects.toBe(error)
  })

  it('waits no longer than it is allowed to, and tells the work to stop', async () => {
    let given: AbortSignal | undefined
    const work = (signal: AbortSignal) => {
      given = signal
      return sleep(60_000, undefined, { ref: false })
    }
    await expect(answer(work, 20)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' })
    expect(given?.aborted).toBe(true)
  })
})
