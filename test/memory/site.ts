import { type Asked, ask, type Manner, NoAnswer } from '../support/ask.js'
import type { Provider } from '../support/provider.js'

/** What a mix runs against, and where its answers are counted. */
export interface Site {
  base: string
  provider: Provider
  count(status: number | string): void
}

/** Sends a request and counts what came. */
export async function counted({ base, count }: Site, asked: Asked, manner: Manner = {}): Promise<void> {
  try {
    count((await ask(base, asked, { discard: true, timeoutMs: 90_000, ...manner })).status)
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error
    count('no answer')
  }
}

/** Sends so many at once and waits for all answers. */
export async function atOnce(
  site: Site,
  times: number,
  asked: (at: number) => Asked,
  manner?: (at: number) => Manner,
) {
  await Promise.all(Array.from({ length: times }, (_, at) => counted(site, asked(at), manner?.(at))))
}
