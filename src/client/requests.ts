import {
  createTRPCUntypedClient,
  httpBatchLink,
  httpLink,
  type Operation,
  splitLink,
  type TRPCUntypedClient,
} from '@trpc/client'
import type { AnyRouter } from '@trpc/server'
import { connectionError } from './errors.js'

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

/** Calls that take long, or that the service takes in no batch. */
const ALONE = new Set(['personas.generateImage', 'personas.simulate', 'personas.generate', 'images.upload'])

/**
 * Whether a call goes in a request of its own: a batch is answered when its slowest call is, and given up only
 * when all of its calls are.
 */
function goesAlone({ path, type, input, signal }: Operation): boolean {
  if (signal || ALONE.has(path)) return true
  return new TextEncoder().encode(JSON.stringify(input)).length > MAX_BATCHED_INPUT[type]
}

const LOST = 'the connection was lost'
const NO_ANSWER = 'no answer in time'

/** What is known of a connection that failed, by the codes of Node and Bun. */
export const CONNECTION_FAULTS: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'its host name cannot be looked up now',
  ECONNRESET: LOST,
  EPIPE: LOST,
  UND_ERR_SOCKET: LOST,
  ETIMEDOUT: NO_ANSWER,
  UND_ERR_CONNECT_TIMEOUT: NO_ANSWER,
  UND_ERR_HEADERS_TIMEOUT: NO_ANSWER,
}

/** What `fetch` threw, as an error that names the service. */
function unreachable(url: string, cause: unknown): Error {
  let code: string | undefined
  let text = String(cause)
  // Node says what happened in the innermost cause.
  for (let each = cause; each instanceof Error; each = each.cause) {
    text = each.message
    if ('code' in each && typeof each.code === 'string') code = each.code
  }
  // Browsers do not say what it was.
  const hint = code === undefined ? '; a page of another origin must be in its CORS_ORIGINS' : ''
  const why = CONNECTION_FAULTS[code ?? ''] ?? `${text.trim()}${hint}`
  const message = `The Personas API at ${url} cannot be reached: ${why}`
  return connectionError(message, { reason: 'unreachable', url, cause, ...(code !== undefined && { code }) })
}

/** An answer that is not of the service, as an error that says what to check. */
function notTheApi(url: string, { status, headers }: Response): Error {
  const contentType = headers.get('content-type')?.split(';', 1)[0]
  const wait = headers.get('retry-after') ?? ''
  const [end] = /\/(api|trpc)$/.exec(url) ?? []
  let check = 'check that the url is the base URL of the service, such as http://localhost:3000'
  if (end !== undefined) check = `leave out the ${end} at the end of the url`
  else if (status >= 500) check = 'a proxy answers, it seems, and the service behind it may be down'
  return connectionError(
    `What answers at ${url} is not the Personas API (status ${status}, ${contentType ?? 'no content type'}): ${check}`,
    {
      reason: 'not_the_api',
      url,
      httpStatus: status,
      ...(contentType !== undefined && { contentType }),
      ...(/^\d+$/.test(wait) && { retryAfter: Number(wait) }),
    },
  )
}

/** Whether a value is an answer of the service to a call: a result, or an error with one of tRPC's codes. */
function isAnswer(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  if ('result' in value) return true
  const { error } = value as { error?: { data?: { code?: unknown } } }
  return typeof error?.data?.code === 'string'
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** How the service is reached. */
export interface Route {
  /** The service's base URL, without a slash at its end. */
  url: string
  /** Headers of each request. */
  headers: Record<string, string>
  fetch: ((url: string, init?: RequestInit) => Promise<Response>) | undefined
}

/**
 * What sends calls to the service: those made at once in as few requests as its limits allow. What is no answer of
 * the service is thrown as a PersonasConnectionError.
 */
export function openRoute({ url, headers, fetch: send }: Route): TRPCUntypedClient<AnyRouter> {
  async function exchange(to: unknown, init?: RequestInit) {
    let response: Response
    let text: string
    try {
      response = await (send ?? fetch)(String(to), init)
      // A connection can be lost in the middle of an answer too.
      text = await response.text()
    } catch (cause) {
      throw init?.signal?.aborted ? cause : unreachable(url, cause)
    }
    const answer = parsed(text)
    if (![answer].flat().every(isAnswer)) throw notTheApi(url, response)
    return { ok: response.ok, json: async () => answer }
  }
  const options = { url: `${url}/trpc`, headers, fetch: exchange }
  return createTRPCUntypedClient<AnyRouter>({
    links: [
      splitLink({
        condition: goesAlone,
        true: httpLink(options),
        false: httpBatchLink({ ...options, maxItems: MAX_CALLS, maxURLLength: MAX_URL }),
      }),
    ],
  })
}
