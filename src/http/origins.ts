import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Config, isLoopback } from '../config.js'
import { foreignHost, foreignOrigin } from '../errors/access.js'
import type { ServiceError } from '../errors/error.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether pages of other origins may ask for the route: it is open to all. */
    isOpen?: boolean
    /** Whether `Origin` is checked where keys are set, too. */
    checksOrigin?: boolean
  }
}

/** The host that a `Host` header names, without its port; undefined for what names none. */
function hostName(host: string): string | undefined {
  const [, ipv6, name] = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+))(?::\d*)?$/.exec(host) ?? []
  return ipv6 ?? name
}

/**
 * The host that is asked: that of an absolute target before the header's (RFC 9112 §3.2.2); undefined where HTTP/1.0
 * names none.
 */
function hostOf({ url, headers }: FastifyRequest): string | undefined {
  if (url.startsWith('/')) return headers.host?.toLowerCase()
  return (/^[a-z][a-z0-9+.-]*:\/\/([^/?]*)/i.exec(url)?.[1] ?? headers.host)?.toLowerCase()
}

/**
 * Where no keys are set, any page that a user of this machine opens could call the service. So a request from a
 * page of another origin is refused (`Origin`, RFC 6454), unless `CORS_ORIGINS` names it; and where the service
 * listens on loopback, so is a request whose `Host` is another name, which DNS rebinding would make its own
 * origin. Routes whose config says `isOpen` stay open. Where keys are set, `Origin` is checked on those alone whose
 * config says `checksOrigin`.
 */
export function guardOrigins(
  app: FastifyInstance,
  { corsOrigins, host: ownHost, apiKeys }: Pick<Config, 'corsOrigins' | 'host' | 'apiKeys'>,
): void {
  const named = new Set(corsOrigins)
  const namedHosts = new Set(corsOrigins.map((origin) => new URL(origin).host))
  const onLoopback = isLoopback(ownHost)

  function isOwnHost(host: string): boolean {
    const name = hostName(host)
    if (name === undefined) return false
    return name === ownHost.toLowerCase() || isLoopback(name) || namedHosts.has(host)
  }

  function faultOfHost(host: string | undefined): ServiceError | undefined {
    return onLoopback && host !== undefined && !isOwnHost(host) ? foreignHost() : undefined
  }

  function faultOfOrigin(origin: string | undefined, host: string | undefined): ServiceError | undefined {
    if (origin === undefined || named.has(origin)) return undefined
    const own = host !== '' && URL.canParse(origin) && new URL(origin).host === host
    return own ? undefined : foreignOrigin()
  }

  app.addHook('onRequest', (request, _reply, done) => {
    const { isOpen = false, checksOrigin = false } = request.routeOptions.config
    if (isOpen || (apiKeys !== undefined && !checksOrigin)) return done()
    const host = hostOf(request)
    const fault = apiKeys === undefined ? faultOfHost(host) : undefined
    done(fault ?? faultOfOrigin(request.headers.origin, host))
  })
}
