import { tooManyLargeAnswers } from './errors/requests.js'
import type { JsonPage } from './store/store.js'

/** The most bytes of JSON in a page, and in a list without `limit`. */
export const PAGE_BYTES = 16 * 1024 * 1024
export const LIST_BYTES = 64 * 1024 * 1024

/** What a list may take of the memory that all answers share. */
export interface ListBudget {
  /**
   * Reads a list of up to `maxBytes` of JSON as soon as there is room for it; `read` may be called again with more.
   * Its signal ends it: nobody waits for the list any more.
   * @throws ServiceError SERVICE_UNAVAILABLE where that takes too long.
   */
  read(
    maxBytes: number,
    read: (maxBytes: number, signal: AbortSignal) => Promise<JsonPage>,
  ): Promise<JsonPage>
}

/** A whole list as the text of an answer. */
export function jsonPage(items: readonly unknown[]): JsonPage {
  const json = `${JSON.stringify(items)}\n`
  return { json, bytes: Buffer.byteLength(json) }
}

const NOT_YET: JsonPage = { ...jsonPage([]), endsEarly: true }

/**
 * A list that has no pages, once there is room for all of it, however large it is.
 * @throws ServiceError SERVICE_UNAVAILABLE where that takes too long, and in a batch whose other lists leave none.
 */
export async function wholeList(budget: ListBudget, read: () => Promise<JsonPage>): Promise<JsonPage> {
  const list = await budget.read(LIST_BYTES, async (maxBytes) => {
    const whole = await read()
    return whole.bytes <= maxBytes || maxBytes === LIST_BYTES ? whole : NOT_YET
  })
  if (list.endsEarly) throw tooManyLargeAnswers()
  return list
}
