import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'

const HOUR = 3_600_000
/** What is remembered at once; beyond it the oldest is asked for again. */
const MAX_REMEMBERED = 10_000

/** What a provider said of a model to one key, remembered for an hour. */
export class HourMemory {
  readonly #said: LRUCache<string, true>

  /** @param now milliseconds since 1970 */
  constructor(now: () => number) {
    this.#said = new LRUCache({ max: MAX_REMEMBERED, ttl: HOUR, ttlResolution: 0, perf: { now } })
  }

  has(apiKey: string, ...what: string[]): boolean {
    return this.#said.has(memoryKey(apiKey, what))
  }

  add(apiKey: string, ...what: string[]): void {
    this.#said.set(memoryKey(apiKey, what), true)
  }
}

/** Provider keys are kept nowhere in clear, so a digest stands for one. */
function memoryKey(apiKey: string, what: string[]): string {
  return createHash('sha256')
    .update([apiKey, ...what].join('\0'))
    .digest('base64')
}
