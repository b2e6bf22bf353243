import type { ToolProcedure } from '../api/operations.js'
import { type Context, JsonList, type Lists } from '../api/trpc.js'
import type { PublicError } from '../errors/public.js'
import type { ImageInput } from '../images/schema.js'
import { PAGE_BYTES } from '../lists.js'
import { unknownInput } from '../unknown.js'

/** The most bytes of JSON in a page that an agent is shown: more than a model reads at once. */
export const AGENT_PAGE_BYTES = 256 * 1024

/** What may be known of an error. */
export type CallError = Pick<PublicError, 'message'> & Partial<PublicError>

/** How the tools and prompts of one request reach the service: in this process, or over HTTP. */
export interface Caller {
  /** The project whose personas are prompts, where the connection is for one. */
  projectId?: string | undefined
  /** A field that is none of the procedure's `input` is an error: an agent learns from it. */
  call(procedure: Pick<ToolProcedure, 'path' | 'procedure' | 'input'>, input: object): Promise<unknown>
  /** A picture as WebP of 256 pixels; undefined where it is gone. */
  picture(image: ImageInput): Promise<Buffer | undefined>
  errorOf(error: unknown): CallError
}

interface LocalCallerOptions extends Pick<Caller, 'errorOf' | 'projectId'> {
  /** The signal that ends its calls; asked for when a procedure uses it. */
  signal: () => AbortSignal
}

/** Calls of the procedures in this process. */
export function localCaller(context: Context, { errorOf, projectId, signal }: LocalCallerOptions): Caller {
  const { access, services, lists: budget } = context
  const lists: Lists = {
    read: (maxBytes, read) =>
      budget.read(maxBytes > PAGE_BYTES ? maxBytes : Math.min(maxBytes, AGENT_PAGE_BYTES), read),
    room: (answer) => budget.room(answer),
    // A list without pages can be large; of its items, only those that are shown are parsed.
    show: <T>(page: Parameters<Lists['show']>[0]) => new JsonList(page) as unknown as T[],
  }
  return {
    projectId: access?.projectId ?? projectId,
    errorOf,
    call({ path, procedure, input: schema }, input) {
      return procedure({
        ctx: { ...context, lists, unknown: () => unknownInput(schema, input) },
        path,
        type: procedure._def.type,
        getRawInput: async () => input,
        get signal() {
          return signal()
        },
        batchIndex: 0,
      })
    },
    async picture(image) {
      try {
        return (await services.images.serve({ ...image, size: 256, format: 'webp' }, signal())).bytes
      } catch (error) {
        if (errorOf(error).code === 'NOT_FOUND') return undefined
        throw error
      }
    },
  }
}

/** Where the objects of a JSON list begin and end: as bytes, so that a large list is not copied. */
function* objectsIn(json: Buffer): Generator<Buffer> {
  let depth = 0
  let start = 0
  for (let at = 0; at < json.length; at += 1) {
    switch (json[at]) {
      case 0x22: // A text, to its closing quote.
        for (at += 1; json[at] !== 0x22; at += 1) if (json[at] === 0x5c) at += 1
        break
      case 0x7b: // {
        if (depth === 0) start = at
        depth += 1
        break
      case 0x7d: // }
        depth -= 1
        if (depth === 0) yield json.subarray(start, at + 1)
    }
  }
}

/** The items of a list that `keeps` says, up to `most` of them, and how many are kept in all. */
export function itemsOf<T>(
  list: unknown,
  { most, keeps }: { most: number; keeps?: (item: T) => boolean },
): { items: T[]; total: number } {
  const items: T[] = []
  let total = 0
  const isText = list instanceof JsonList
  // Lists of the router hold objects.
  const all = isText ? objectsIn(Buffer.from(list.page.json)) : (list as Iterable<T>)
  for (const each of all) {
    const isShown = total < most
    // What is beyond is counted alone.
    const item = (isText && (isShown || keeps) ? JSON.parse(String(each)) : each) as T
    if (keeps?.(item) === false) continue
    total += 1
    if (isShown) items.push(item)
  }
  return { items, total }
}
