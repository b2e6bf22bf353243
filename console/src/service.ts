import { computed, signal } from '@preact/signals'
import {
  createPersonasClient,
  isPersonasConnectionError,
  isPersonasError,
  type PersonasIssue,
} from '../../src/client/client.js'

export type { Persona, PersonaVersion, Project, ProjectConfig, TagCount } from '../../src/client/types.js'
export { isPersonasError, type PersonasIssue }

/** Where the tab keeps the service's key: other tabs do not see it, and it goes with this one. */
const KEPT_AT = 'personas.apiKey'
/** Milliseconds after which a request is slow. */
const SLOW = 4_000
/** Milliseconds between two looks whether the service is back. */
const LOOK_EVERY = 2_500
/** Requests that take their time: a model works on them. */
const TAKES_LONG = /personas\.(generateImage|simulate|generate)\b/

export const apiKey = signal(window.sessionStorage.getItem(KEPT_AT) ?? undefined)
/** Whether the service answered with 401: it wants a key, or another one. */
export const keyWanted = signal(false)
/** Whether the last request was answered. */
export const isReachable = signal(true)
/** Requests that have been slow so far. */
export const slowRequests = signal(0)
/** Grows whenever what is shown should be loaded again: there is another key, or the service is back. */
export const epoch = signal(0)

/** Uses another key, or none, from now on. */
export function setApiKey(key: string | undefined): void {
  if (key === undefined) window.sessionStorage.removeItem(KEPT_AT)
  else window.sessionStorage.setItem(KEPT_AT, key)
  apiKey.value = key
  keyWanted.value = false
  epoch.value += 1
}

/** Headers that requests outside of the client carry. */
export function authorization(): Record<string, string> {
  return apiKey.value === undefined ? {} : { authorization: `Bearer ${apiKey.value}` }
}

let looking: number | undefined

function lost(): void {
  isReachable.value = false
  looking ??= window.setInterval(() => {
    void watched('/trpc/projects.list', { headers: authorization() }).catch(() => undefined)
  }, LOOK_EVERY)
}

function answered(): void {
  if (isReachable.value) return
  window.clearInterval(looking)
  looking = undefined
  isReachable.value = true
  epoch.value += 1
}

/** `fetch`, which notes whether the service answers, how fast, and whether it wants a key. */
export async function watched(url: string, init?: RequestInit): Promise<Response> {
  let isSlow = false
  const timer = window.setTimeout(() => {
    isSlow = true
    slowRequests.value += 1
  }, SLOW)
  if (TAKES_LONG.test(url)) window.clearTimeout(timer)
  try {
    const response = await window.fetch(url, init)
    // A proxy answers so for a service that is gone.
    if ([502, 503, 504].includes(response.status) && !response.headers.has('x-request-id')) lost()
    else answered()
    if (response.status === 401) keyWanted.value = true
    return response
  } catch (error) {
    if (init?.signal?.aborted !== true) lost()
    throw error
  } finally {
    window.clearTimeout(timer)
    if (isSlow) slowRequests.value -= 1
  }
}

/** The package's own client, with the key of the tab. */
export const service = computed(() =>
  createPersonasClient({ url: window.location.origin, apiKey: apiKey.value, fetch: watched }),
)

/** What the service refused of a request that the client does not make: files, as they are bytes. */
export class Refused extends Error {
  override name = 'Refused'
  readonly told: Told

  constructor(told: Told) {
    super(told.message)
    this.told = told
  }
}

/** An answer that is no success, in the service's words; in others where it is not of the service. */
export async function refusalOf(response: Response): Promise<Refused> {
  const unknown = `The service answered ${response.status}`
  // Of a proxy it may be anything.
  const body: Partial<Told> | undefined = await response.json().catch(() => undefined)
  const { message = unknown, requestId, issues = [] } = body ?? {}
  return new Refused({ message, requestId, issues })
}

/** What people are told of a failure. */
export interface Told {
  message: string
  /** Names the request in the service's log. */
  requestId?: string | undefined
  issues: PersonasIssue[]
}

/** A caught value as people are told of it: the service's own message, where it is of the service. */
export function toldOf(error: unknown): Told {
  if (isPersonasError(error)) {
    const { message, requestId, issues = [] } = error
    return { message, requestId, issues }
  }
  if (error instanceof Refused) return error.told
  // Without an answer `fetch` throws what it throws for faults of the page as well.
  const isLost = isPersonasConnectionError(error) || (error instanceof TypeError && !isReachable.value)
  const message = isLost
    ? 'The service is not reachable. Your text is kept; try again when it is back.'
    : `The page failed: ${error instanceof Error ? error.message : String(error)}`
  return { message, issues: [] }
}
