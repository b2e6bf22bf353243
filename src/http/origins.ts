import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Config, isLoopback } from '../config.js'
import { foreignHost, foreignOrigin } from '../errors/access.js'
import type { ServiceError } from '../errors/error.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether pages of other origins may ask for the route: it is open to all. */
    isOpen?: boolean
  }
}

/** The host that a `Host` header names, without its port; undefined for what names none. */
function hostName(host: string): string | undefined {
  const [, ipv6, name] = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+))(?::\d*)?$/.exec(host) ?? []
  return ipv6 ?? name
}

/** The host that is asked: that of an absolute target before the header's (RFC 9112 §3.2.2). */
function hostOf({ url, headers }: FastifyRequest): string {
  return (/^[a-z][a-z0-9+.-]*:\/\/([^/?]*)/i.exec(url)?.[1] ?? headers.host ?? '').toLowerCase()
}

/**
 * Where no keys are set, any page that a user of this machine opens could call the service. So a request from a
 * page of another origin is refused (`Origin`, RFC 6454), unless `CORS_ORIGINS` names it; and where the service
 * listens on loopback, so is a request whose `Host` is another name, which DNS rebinding would make its own
 * origin. Routes whose config says `isOpen` stay open.
 */
export function guardOrigins(
  app: FastifyInstance,
  { corsOrigins, host: ownHost }: Pick<Config, 'corsOrigins' | 'host'>,
): void {
  const named = new Set(corsOrigins)
  const namedHosts = new Set(corsOrigins.map((origin) => new URL(origin).host))
  const onLoopback = isLoopback(ownHost)

  function isOwnHost(host: string): boolean {
    const name = hostName(host)
    if (name === undefined) return false
    return name === ownHost.toLowerCase() || isLoopback(name) || namedHosts.has(host)
  }

  function fault(request: FastifyRequest): ServiceError | undefined {
    const { origin } = request.headers
    const host = hostOf(request)
    if (onLoopback && host !== '' && !isOwnHost(host)) return foreignHost()
    if (origin === undefined || named.has(origin)) return undefined
    const own = URL.canParse(origin) && host !== '' && new URL(origin).host === host
    return own ? undefined : foreignOrigin()
  }

  app.addHook('onRequest', (request, _reply, done) => {
    done(request.routeOptions.config.isOpen === true ? undefined : fault(request))
  })
}
