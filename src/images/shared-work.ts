interface Shared<T> {
  result: Promise<T>
  callers: number
  /** Aborted when the last caller has left. */
  abandoned: AbortController
}

/** Does work once for all callers that ask for the same at the same time. Nothing is kept of it once it is done. */
export class SharedWork<T> {
  readonly #running = new Map<string, Shared<T>>()

  /**
   * Waits for the work of this key, which begins unless it runs already. A caller whose signal aborts leaves;
   * when the last one has left, the signal that `begin` was given aborts.
   */
  join(key: string, begin: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted()
      const shared = this.#running.get(key) ?? this.#begin(key, begin)
      shared.callers += 1
      const onAbort = () => {
        shared.callers -= 1
        if (shared.callers === 0) {
          // A caller who arrives now must not join work that is cancelled.
          this.#forget(key, shared)
          shared.abandoned.abort(signal?.reason)
        }
        reject(signal?.reason)
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      shared.result.then(resolve, reject).finally(() => signal?.removeEventListener('abort', onAbort))
    })
  }

  #begin(key: string, begin: (signal: AbortSignal) => Promise<T>): Shared<T> {
    const abandoned = new AbortController()
    const shared: Shared<T> = { result: begin(abandoned.signal), callers: 0, abandoned }
    this.#running.set(key, shared)
    const forget = () => this.#forget(key, shared)
    shared.result.then(forget, forget)
    return shared
  }

  #forget(key: string, shared: Shared<T>): void {
    if (this.#running.get(key) === shared) this.#running.delete(key)
  }
}
