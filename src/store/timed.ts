import type { Metrics } from '../metrics.js'
import type { Store } from './types.js'

/** The store with every call of it timed. */
export function timedStore(store: Store, metrics: Pick<Metrics, 'store'>): Store {
  const timed = (operation: keyof Store) => {
    return async (...args: unknown[]) => {
      const began = performance.now()
      let outcome: 'ok' | 'error' = 'error'
      try {
        // Read at each call: what stands there is the store's to change.
        const result: unknown = await (store[operation] as (...args: unknown[]) => unknown)(...args)
        outcome = 'ok'
        return result
      } finally {
        metrics.store({ operation, outcome, seconds: (performance.now() - began) / 1000 })
      }
    }
  }
  const entries = Object.entries(store).map(([name, member]) => [
    name,
    typeof member === 'function' ? timed(name as keyof Store) : member,
  ])
  return Object.fromEntries(entries) as Store
}
