import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { consoleAddresses } from './console-addresses.js'
import { entityTag, noneMatchHolds } from './entity-tags.js'

// Beside the compiled service; run from its sources, the service has no console.
const built = new URL('../console/', import.meta.url)

/** Everything comes from this host, nothing is sent to another, and no script or style stands in the page itself. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  // Pictures that are fetched with a key.
  "img-src 'self' blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const TYPES: Record<string, string> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** The console's page at each of its addresses and what it loads, read once. Without a build, `/` leads to the reference. */
export function mountConsole(app: FastifyInstance): void {
  const config = { isOpen: true }
  const index = new URL('index.html', built)
  if (!existsSync(index)) {
    app.get('/', { config }, (_request, reply) => reply.redirect('/docs'))
    return
  }
  const page = readFileSync(index)
  const tag = entityTag(createHash('sha256').update(page).digest('base64url').slice(0, 22))
  for (const address of Object.values(consoleAddresses)) {
    app.get(address, { config }, (request, reply) => {
      reply
        .header('content-security-policy', POLICY)
        .header('referrer-policy', 'no-referrer')
        .header('cache-control', 'no-cache')
        .header('etag', tag)
      if (noneMatchHolds(request.headers['if-none-match'], tag)) return reply.code(304).send()
      return reply.type('text/html; charset=utf-8').send(page)
    })
  }
  const assets = new URL('assets/', built)
  for (const name of readdirSync(assets)) {
    const bytes = readFileSync(new URL(name, assets))
    // Its name has the hash of its content.
    app.get(`/assets/${name}`, { config }, (_request, reply) =>
      reply
        .header('cache-control', 'public, max-age=31536000, immutable')
        .type(TYPES[extname(name)] ?? 'application/octet-stream')
        .send(bytes),
    )
  }
}
