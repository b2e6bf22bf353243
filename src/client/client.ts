import {
  createTRPCClient,
  httpBatchLink,
  httpLink,
  type Operation,
  splitLink,
  type TRPCLink,
} from '@trpc/client'
import { observable } from '@trpc/server/observable'
import type { AppRouter } from '../api/router.js'
import type { PersonasClient, PersonasErrorCode } from './types.js'

export { mergeHeaders } from '../personas/headers.js'
export type * from './types.js'

/** Calls in one request, at most: what the service takes. */
const MAX_CALLS = 100
/**
 * Longest URL of a request, in characters. The service takes 16 KiB of URL and headers, but proxies before it
 * commonly stop at a line of 8 KiB.
 */
const MAX_URL = 8_000
/**
 * Larger inputs go alone, in bytes: a batch of smaller ones stays below the 1 MiB that the service reads at
 * once, and a smaller query below the longest URL, even where all of it must be percent-encoded.
 */
const MAX_BATCHED_INPUT = { mutation: 10_000, query: 2_000, subscription: 0 }

/** Where the service is, and how it is reached. */
export interface PersonasClientOptions {
  /** The service's base URL, such as `http://localhost:3000`, with its path where it is served below one. */
  url: string | URL
  /** One of the keys in the service's `API_KEYS`, where it has any. */
  apiKey?: string
  /** Sends the requests instead of the global `fetch`; for proxies, retries or logging. */
  fetch?: (url: string, init?: RequestInit) => Promise<Response>
}

/** One thing that is wrong with an input: where (`headers.X-A`) and what is allowed there. */
export interface PersonasIssue {
  path: string
  message: string
}

/** A refusal by the service. Its message says what is wrong and what to do. */
export interface PersonasError extends Error {
  code: PersonasErrorCode
  /** The status that REST answers with in the same case. */
  httpStatus: number
  /** A finer code, such as `provider_quota`. */
  reason?: string
  /** The fields that were refused, 20 at most; the first gives the message. */
  issues?: PersonasIssue[]
  /** Seconds after which another try makes sense. */
  retryAfter?: number
  /** Names the request in the service's log. */
  requestId?: string
}

/**
 * Whether a caught value is a refusal by the service, and one of a certain code where one is given. A service
 * that cannot be reached, a call given up by its signal and an answer that is not the service's are none.
 */
export function isPersonasError<Code extends PersonasErrorCode>(
  error: unknown,
  code: Code,
): error is PersonasError & { code: Code }
/** Whether a caught value is a refusal by the service, whatever its code. */
export function isPersonasError(error: unknown): error is PersonasError
export function isPersonasError(error: unknown, code?: PersonasErrorCode): boolean {
  if (!(error instanceof Error) || error.name !== 'PersonasError' || !('code' in error)) return false
  return code === undefined || error.code === code
}

/** Makes a PersonasError of each error that carries an answer of the service. */
const tellRefusals: TRPCLink<AppRouter> =
  () =>
  ({ op, next }) =>
    observable((observer) =>
      next(op).subscribe({
        next: (value) => observer.next(value),
        complete: () => observer.complete(),
        error(error) {
          const { path: _, ...refusal } = error.data ?? {}
          observer.error('code' in refusal ? Object.assign(error, refusal, { name: 'PersonasError' }) : error)
        },
      }),
    )

/** Calls that take long, or that the service takes in no batch. */
const ALONE = new Set(['personas.generateImage', 'images.upload'])

/**
 * Whether a call goes in a request of its own: a batch is answered when its slowest call is, and given up only
 * when all of its calls are.
 */
function goesAlone({ path, type, input, signal }: Operation): boolean {
  if (signal || ALONE.has(path)) return true
  return new TextEncoder().encode(JSON.stringify(input)).length > MAX_BATCHED_INPUT[type]
}

/**
 * A client of the service. Calls made at once go in as few requests as the service's limits allow.
 *
 * @example
 * const client = createPersonasClient({ url: 'http://localhost:3000' })
 * const persona = await client.personas.create.mutate({ projectId: 'shop', name: 'impatient-user' })
 */
export function createPersonasClient({ url, apiKey, fetch: send }: PersonasClientOptions): PersonasClient {
  const options = {
    url: `${String(url).replace(/\/+$/, '')}/trpc`,
    headers: apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` },
    ...(send !== undefined && { fetch: (to: unknown, init?: RequestInit) => send(String(to), init) }),
  }
  return createTRPCClient<AppRouter>({
    links: [
      tellRefusals,
      splitLink({
        condition: goesAlone,
        true: httpLink(options),
        false: httpBatchLink({ ...options, maxItems: MAX_CALLS, maxURLLength: MAX_URL }),
      }),
    ],
  })
}
