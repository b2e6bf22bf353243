import type { Metrics } from '../metrics.js'
import type { Store } from './types.js'

/** The store with every call of it timed. */
export function timedStore(store: Store, metrics: Pick<Metrics, 'store'>): Store {
  return new Proxy(store, {
    get(target, operation: keyof Store) {
      // Read at each access: what stands there is the store's to change.
      const member: unknown = target[operation]
      if (typeof member !== 'function') return member
      return async (...args: unknown[]) => {
        const began = performance.now()
        let outcome: 'ok' | 'error' = 'error'
        try {
          const result: unknown = await member.apply(target, args)
          outcome = 'ok'
          return result
        } finally {
          metrics.store({ operation, outcome, seconds: (performance.now() - began) / 1000 })
        }
      }
    },
  })
}
