import { useEffect, useState } from 'preact/hooks'
import { epoch } from './service.js'

/** What is loaded: not yet, there, or why not. */
export interface Loaded<T> {
  value: T | undefined
  error: unknown
  reload: () => void
}

/** Loads something when it is first shown, when `key` changes, and when the service is back. */
export function useLoaded<T>(key: string, load: (signal: AbortSignal) => Promise<T>): Loaded<T> {
  const [state, setState] = useState<{ key: string; value?: T; error?: unknown }>({ key })
  const [again, setAgain] = useState(0)
  const since = epoch.value
  useEffect(() => {
    const controller = new AbortController()
    load(controller.signal).then(
      (value) => !controller.signal.aborted && setState({ key, value }),
      (error) =>
        !controller.signal.aborted && setState(({ value }) => ({ key, ...(value && { value }), error })),
    )
    return () => controller.abort()
  }, [key, again, since])
  const current = state.key === key ? state : { key }
  return { value: current.value, error: current.error, reload: () => setAgain((times) => times + 1) }
}
