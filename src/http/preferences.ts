import type { onRequestHookHandler } from 'fastify'

declare module 'fastify' {
  interface FastifyRequest {
    /** Whether its sender wants what is not known of its input refused. */
    isStrict: boolean
  }
}

// An element of a list, in which what is quoted may hold commas; a quote that is not closed reaches to the end.
const ELEMENT = /(?:"(?:[^"\\]|\\.)*\\?(?:"|$)|[^",])+/g
// A name and its value; parameters may follow.
const PREFERENCE = /^\s*([^\s=;",]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;",]+)))?/

/**
 * Whether a `Prefer` header asks for strict handling (RFC 7240 §4.4). Of preferences of one name the first counts (§2);
 * others, and their parameters, are passed over.
 */
export function prefersStrict(prefer: string): boolean {
  for (const [element] of prefer.matchAll(ELEMENT)) {
    const [, name, quoted, token] = PREFERENCE.exec(element) ?? []
    if (name?.toLowerCase() === 'handling') return (quoted ?? token)?.toLowerCase() === 'strict'
  }
  return false
}

/** An `onRequest` hook: notes what a request prefers, and says that it is heeded (RFC 7240 §3). */
export const readPreferences: onRequestHookHandler = (request, reply, done) => {
  const { prefer } = request.headers
  request.isStrict = prefer !== undefined && prefersStrict([prefer].flat().join())
  if (request.isStrict) reply.header('preference-applied', 'handling=strict')
  done()
}
