import { computed, signal } from '@preact/signals'
import { type ConsoleAddress, consoleAddresses } from '../../src/http/console-addresses.js'

/** Where the page is: a view, what its path names, and its query. */
export interface Place {
  view: ConsoleAddress | undefined
  params: Record<string, string>
  query: URLSearchParams
}

const patterns = Object.entries(consoleAddresses).map(([view, address]) => ({
  // The keys of the addresses.
  view: view as ConsoleAddress,
  // A fixed segment comes before one that takes any: `personas/new`.
  pattern: new RegExp(`^${address.replaceAll(/:(\w+)/g, '(?<$1>[^/]+)')}/?$`),
}))

function readPlace(): Place {
  const { pathname, search } = window.location
  for (const { view, pattern } of patterns) {
    const match = pattern.exec(pathname)
    if (match === null) continue
    const params = Object.fromEntries(
      Object.entries(match.groups ?? {}).map(([name, value]) => [name, decodeURIComponent(value)]),
    )
    return { view, params, query: new URLSearchParams(search) }
  }
  return { view: undefined, params: {}, query: new URLSearchParams() }
}

export const place = signal(readPlace())
/** The id of the project that is shown; empty where none is. */
export const projectId = computed(() => place.value.params.projectId ?? '')

/** The path of a view. */
export function pathTo(view: ConsoleAddress, params: Record<string, string> = {}): string {
  return consoleAddresses[view].replaceAll(/:(\w+)/g, (_, name) => encodeURIComponent(params[name] ?? ''))
}

/** Says whether the place may be left for another path; where not, `go` leaves all the same once it is called. */
type Guard = (to: string, go: () => void) => boolean
let guard: Guard | undefined

/** Asks before the place is left, until the returned function is called. */
export function guardLeaving(next: Guard): () => void {
  guard = next
  return () => {
    if (guard === next) guard = undefined
  }
}

// Which entry of the history it is, so that going back can be taken back.
let at = Number(window.history.state?.at ?? 0)
window.history.replaceState({ at }, '')
let restoring = false

/** Goes to a path of the console. */
export function navigate(to: string, { replace = false, ask = true } = {}): void {
  if (ask && guard !== undefined && !guard(to, () => navigate(to, { replace, ask: false }))) return
  if (replace) window.history.replaceState({ at }, '', to)
  else {
    at += 1
    window.history.pushState({ at }, '', to)
  }
  place.value = readPlace()
}

window.addEventListener('popstate', ({ state }) => {
  const next = Number(state?.at ?? 0)
  if (restoring) {
    restoring = false
    return
  }
  const delta = next - at
  const mayLeave =
    guard === undefined ||
    guard(window.location.pathname, () => {
      guard = undefined
      window.history.go(delta)
    })
  if (!mayLeave && delta !== 0) {
    restoring = true
    window.history.go(-delta)
    return
  }
  at = next
  place.value = readPlace()
})

/** Follows links within the console without loading the page again. */
export function followLinks(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return
  const link = event.target instanceof Element ? event.target.closest('a') : null
  if (link === null || link.target !== '' || link.hasAttribute('download')) return
  const { origin, pathname, search } = new URL(link.href)
  if (origin !== window.location.origin || !patterns.some(({ pattern }) => pattern.test(pathname))) return
  event.preventDefault()
  navigate(pathname + search)
}
