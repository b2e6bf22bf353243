import { LRUCache } from 'lru-cache'
import { portraitRate } from '../errors/portraits.js'

const MINUTE = 60_000
/** Projects that are counted at once; beyond it the one that was quiet longest is forgotten. */
const MAX_PROJECTS = 10_000

/** At most so many portraits may be started per project within any minute. */
export class PortraitRate {
  readonly #perMinute: number
  // By a clock that never goes back.
  readonly #starts = new LRUCache<string, number[]>({ max: MAX_PROJECTS, ttl: MINUTE })

  constructor(perMinute: number) {
    this.#perMinute = perMinute
  }

  /** Counts a start. @throws ServiceError TOO_MANY_REQUESTS, with the time to wait, beyond the rate. */
  count(projectId: string): void {
    this.#starts.set(projectId, [...this.check(projectId), performance.now()])
  }

  /** The starts of the last minute. @throws ServiceError as `count` would. */
  check(projectId: string): number[] {
    const now = performance.now()
    const recent = (this.#starts.get(projectId) ?? []).filter((start) => start > now - MINUTE)
    const [oldest] = recent
    if (oldest !== undefined && recent.length >= this.#perMinute) {
      const retryAfter = Math.max(1, Math.ceil((oldest + MINUTE - now) / 1000))
      throw portraitRate({ perMinute: this.#perMinute, retryAfter })
    }
    return recent
  }
}
