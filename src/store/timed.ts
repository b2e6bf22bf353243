import type { Metrics } from '../metrics.js'
import type { Store } from './store.js'

/** The store with every call of it timed. */
export function timedStore(store: Store, metrics: Pick<Metrics, 'store'>): Store {
  const timed = (operation: keyof Store) => {
    return (...args: unknown[]) => {
      const began = performance.now()
      const record = (outcome: 'ok' | 'error') => () => {
        metrics.store({ operation, outcome }, (performance.now() - began) / 1000)
      }
      // Read at each call: what stands there is the store's to change. Each of them answers by a promise.
      const result = (store[operation] as (...args: unknown[]) => Promise<unknown>)(...args)
      result.then(record('ok'), record('error'))
      return result
    }
  }
  const entries = Object.entries(store).map(([name, member]) => [
    name,
    typeof member === 'function' ? timed(name as keyof Store) : member,
  ])
  return Object.fromEntries(entries) as Store
}
