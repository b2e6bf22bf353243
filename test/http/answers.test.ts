import type { FastifyRequest } from 'fastify'
import { afterEach, expect, it, vi } from 'vitest'
import { Answer, answerLimits } from '../../src/http/answers.js'

afterEach(() => vi.useRealTimers())

/** What an answer reads of its request. */
function requestOf(ends: (() => void)[]): FastifyRequest {
  const lifetime = { signal: new AbortController().signal, onOver: (end: () => void) => ends.push(end) }
  return { lifetime, access: undefined, ip: '127.0.0.1' } as unknown as FastifyRequest
}

it('of an operation that is done waits for its place for as long as it takes, and gives it back', async () => {
  vi.useFakeTimers()
  const limits = answerLimits()
  const { answers } = limits
  // One caller alone may not hold all of it.
  const all = ['one', 'other'].map((caller) => answers.takeNow(answers.capacity / 2, { caller }))
  const ends: (() => void)[] = []
  let portrait: string | undefined
  const waiting = new Answer(limits, requestOf(ends)).room('portrait').then((answer) => {
    portrait = answer
  })
  // Others are refused after 10 s.
  const brief = new Answer(limits, requestOf(ends)).begin(1)
  const refused = expect(brief).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE', reason: 'overloaded' })
  await vi.advanceTimersByTimeAsync(120_000)
  await refused
  expect(portrait).toBeUndefined()
  for (const hold of all) hold.release()
  await waiting
  expect(portrait).toBe('portrait')
  for (const end of ends) end()
  expect([answers.used, answers.waiting]).toEqual([0, 0])
})
