import { errorOfCall } from './errors.js'
import { openRoute } from './requests.js'
import { type Call, pause, waitBeforeRetry } from './retry.js'
import type { CallOptions, ListPersonasInput, Persona, PersonaPage, PersonasCalls } from './types.js'

export { mergeHeaders } from '../personas/headers.js'
export {
  isPersonasConnectionError,
  isPersonasError,
  type PersonasConnectionError,
  type PersonasError,
  type PersonasIssue,
} from './errors.js'
export { type SimulatedMessage, type SimulatedTurn, type SimulateOptions, simulate } from './simulate.js'
export type * from './types.js'

/** How many personas `personas.all` fetches at a time by default. */
const PAGE_SIZE = 100

/** Where the service is, and how it is reached. */
export interface PersonasClientOptions {
  /** The service's base URL, such as `http://localhost:3000`, with its path where it is served below one. */
  url: string | URL
  /** One of the keys in the service's `API_KEYS`, where it has any. */
  apiKey?: string | undefined
  /**
   * Whether calls are tried again after a failure that may pass; true unless it is given. The service says
   * `retryAfter`, is not reached, or a proxy before it answers 429, 502, 503 or 504: reads, `personas.update` without
   * `ifMatch` and `projects.updateConfig` are sent again. Other changes only where the service has not begun
   * them: it refused the connection, or answered that it takes no more at the moment. `personas.generateImage`,
   * `personas.simulate` and `personas.generate` never, as they may have been paid for. At most 5 tries, within 30 seconds.
   */
  retry?: boolean | undefined
  /**
   * Makes an input field that the service does not know an error (`Prefer: handling=strict`) that names it, and
   * the known one that is nearest. Without it such fields are ignored.
   */
  strict?: boolean | undefined
  /** Sends the requests instead of the global `fetch`; for proxies or logging. */
  fetch?: ((url: string, init?: RequestInit) => Promise<Response>) | undefined
}

/** What `personas.all` takes. */
export interface AllPersonasInput extends Omit<ListPersonasInput, 'cursor' | 'limit'> {
  /** Personas that are fetched at a time: 1 to 500, 100 unless it is given. */
  pageSize?: number | undefined
}

/**
 * The calls of the service. One that the service answers with an error rejects with a `PersonasError`, one that it
 * does not answer with a `PersonasConnectionError`.
 */
export interface PersonasClient extends PersonasCalls {
  personas: PersonasCalls['personas'] & {
    /**
     * The project’s personas one by one, however many there are: a page is fetched when the one before it is used
     * up, and none any more once the loop is left. Each persona that is there throughout comes exactly once,
     * whatever is created and deleted meanwhile. Its signal ends the loop, between two personas too.
     *
     * @example
     * for await (const persona of client.personas.all({ projectId: 'shop' })) console.log(persona.name)
     */
    all: (input: AllPersonasInput, options?: CallOptions) => AsyncGenerator<Persona, void, undefined>
  }
}

type Perform = (call: Call, options: CallOptions, at: Error) => Promise<unknown>

/** The two ways to make a call of a procedure; one of them is in the types. */
function callsOf(path: string, perform: Perform): object {
  const method = (type: Call['type']) =>
    function called(input?: unknown, options: CallOptions = {}) {
      // In the promises of a request, the stack of the call is lost.
      const at = new Error()
      // Leaves this function out, where the runtime can.
      Error.captureStackTrace?.(at, called)
      return perform({ type, path, input }, options, at)
    }
  return { query: method('query'), mutate: method('mutation') }
}

/** An object of its own members, and of others that are made when they are asked for. */
function withMembers(own: Record<string, unknown>, make: (name: string) => unknown): object {
  const get = (_: unknown, name: string | symbol) =>
    typeof name === 'symbol' || Object.hasOwn(own, name) ? Reflect.get(own, name) : make(name)
  return new Proxy(own, { get })
}

/** What makes a call: it sends it, and again where it may. */
function performer({ url, apiKey, retry = true, strict = false, fetch }: PersonasClientOptions): Perform {
  const base = String(url).replace(/\/+$/, '')
  // A page may give a path of its own origin.
  if (!/^(https?:\/\/|\/|$)/i.test(base))
    throw new TypeError(`url must begin with http:// or https://: ${base}`)
  const headers = {
    ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
    ...(strict && { prefer: 'handling=strict' }),
  }
  const route = openRoute({ url: base, headers, fetch })
  const spread = 1 + Math.random() / 4

  return async (call, { signal }, at) => {
    const { type, path, input } = call
    const began = Date.now()
    for (let made = 1; ; made += 1) {
      signal?.throwIfAborted()
      try {
        return await route[type](path, input, signal && { signal })
      } catch (thrown) {
        signal?.throwIfAborted()
        const error = errorOfCall(thrown, at)
        const tries = { made, elapsed: Date.now() - began, spread }
        const wait = retry ? waitBeforeRetry(call, error, tries) : undefined
        if (wait === undefined) throw error
        await pause(wait, signal)
      }
    }
  }
}

/**
 * A client of the service. Calls made at once go in as few requests as the service's limits allow.
 *
 * @throws TypeError for a URL of another scheme than http and https.
 * @example
 * const client = createPersonasClient({ url: 'http://localhost:3000' })
 * const persona = await client.personas.create.mutate({ projectId: 'shop', name: 'impatient-user' })
 */
export function createPersonasClient(options: PersonasClientOptions): PersonasClient {
  const perform = performer(options)
  const group = (name: string, own: Record<string, unknown> = {}) =>
    withMembers(own, (procedure) => callsOf(`${name}.${procedure}`, perform))

  async function* all({ pageSize = PAGE_SIZE, ...input }: AllPersonasInput, options: CallOptions = {}) {
    let cursor: string | undefined
    do {
      const page: PersonaPage = await client.personas.page.query(
        { ...input, limit: pageSize, cursor },
        options,
      )
      for (const persona of page.items) {
        options.signal?.throwIfAborted()
        yield persona
      }
      cursor = page.nextCursor
    } while (cursor !== undefined)
  }
  // Whatever else it is asked for is a call; the type names those that the service has.
  const client = withMembers({ personas: group('personas', { all }) }, (name) =>
    group(name),
  ) as PersonasClient
  return client
}
