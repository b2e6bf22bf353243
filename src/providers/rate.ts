import { LRUCache } from 'lru-cache'
import type { ErrorWith } from '../errors/error.js'

const MINUTE = 60_000
/** Projects that are counted at once; beyond it the one that was quiet longest is forgotten. */
const MAX_PROJECTS = 10_000

/** Calls of one kind that may be started per project within any minute. */
export class ProjectRate {
  readonly #perMinute: number
  readonly #error: ErrorWith<{ perMinute: number; retryAfter: number }>
  // By a clock that never goes back; oldest first.
  readonly #starts = new LRUCache<string, number[]>({ max: MAX_PROJECTS, ttl: MINUTE })

  /** @param error what callers get beyond the rate; `retryAfter` is in seconds */
  constructor(perMinute: number, error: ErrorWith<{ perMinute: number; retryAfter: number }>) {
    this.#perMinute = perMinute
    this.#error = error
  }

  /** Counts a start. @throws ServiceError TOO_MANY_REQUESTS, with the time to wait, beyond the rate. */
  count(projectId: string): void {
    const starts = this.check(projectId)
    starts.push(performance.now())
    this.#starts.set(projectId, starts)
  }

  /** The starts of the last minute. @throws ServiceError as `count` would. */
  check(projectId: string): number[] {
    const now = performance.now()
    const starts = this.#starts.get(projectId) ?? []
    const recent = starts.findIndex((start) => start > now - MINUTE)
    starts.splice(0, recent === -1 ? starts.length : recent)
    const [oldest] = starts
    if (oldest !== undefined && starts.length >= this.#perMinute) {
      const retryAfter = Math.max(1, Math.ceil((oldest + MINUTE - now) / 1000))
      throw this.#error({ perMinute: this.#perMinute, retryAfter })
    }
    return starts
  }
}
