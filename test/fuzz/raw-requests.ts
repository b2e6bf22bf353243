import fc from 'fast-check'

const json = 'Content-Type: application/json\r\n'
const target = '/api/projects/fuzz/personas'

/** A whole request, as bytes. */
function request(line: string, headers = '', body = ''): string {
  return `${line}\r\nHost: fuzz\r\nConnection: close\r\n${headers}\r\n${body}`
}

// What HTTP allows, what it forbids, and what two parsers have read in two ways before (RFC 9112 §11.2).
const known = [
  request(`GET ${target} HTTP/1.1`),
  request(`POST ${target} HTTP/1.1`, `${json}Content-Length: 12\r\n`, '{"name":"n"}'),
  request(
    `POST ${target} HTTP/1.1`,
    `${json}Transfer-Encoding: chunked\r\n`,
    'c\r\n{"name":"n"}\r\n0\r\n\r\n',
  ),
  request(
    `POST ${target} HTTP/1.1`,
    `${json}Content-Length: 12\r\nTransfer-Encoding: chunked\r\n`,
    '0\r\n\r\n',
  ),
  request(`POST ${target} HTTP/1.1`, `${json}Content-Length: 12\r\nContent-Length: 5\r\n`, '{"name":"n"}'),
  request(`POST ${target} HTTP/1.1`, `${json}Content-Length: +12\r\n`, '{"name":"n"}'),
  request(`POST ${target} HTTP/1.1`, `${json}Content-Length: -1\r\n`),
  request(`POST ${target} HTTP/1.1`, `${json}Content-Length: 99999999999999999999\r\n`, '{}'),
  request(`POST ${target} HTTP/1.1`, `${json}Transfer-Encoding: xchunked\r\n`, '0\r\n\r\n'),
  request(`POST ${target} HTTP/1.1`, `${json}Transfer-Encoding: chunked, identity\r\n`, '0\r\n\r\n'),
  request(`POST ${target} HTTP/1.1`, `${json}Transfer-Encoding : chunked\r\n`, '0\r\n\r\n'),
  request(`POST ${target} HTTP/1.1`, `${json}Transfer-Encoding: chunked\r\n`, 'zz\r\n{}\r\n0\r\n\r\n'),
  request(`POST ${target} HTTP/1.1`, `${json}Transfer-Encoding: chunked\r\n`, 'ffffffffffffffffff\r\n'),
  request(`GET ${target} HTTP/1.1`, 'X-Folded: a\r\n b\r\n'),
  request(`GET ${target} HTTP/1.1`, 'X-Nul: a\u0000b\r\n'),
  request(`GET ${target} HTTP/1.1`, 'X-Request-Id: a\rSet-Cookie: x=1\r\n'),
  request(`GET ${target} HTTP/1.1`, ' X: leading\r\n'),
  request(`GET ${target} HTTP/1.1`, ': nameless\r\n'),
  request(`GET ${target} HTTP/1.1`, `X-Large: ${'x'.repeat(20_000)}\r\n`),
  request(`GET ${target} HTTP/1.1`, 'X: y\r\n'.repeat(2_500)),
  request(`GET ${target}?${'q'.repeat(20_000)} HTTP/1.1`),
  request(`GET http://[ HTTP/1.1`),
  request('GET http://elsewhere/healthz HTTP/1.1'),
  request('GET // HTTP/1.1'),
  request('GET \\ HTTP/1.1'),
  request('GET * HTTP/1.1'),
  request('OPTIONS * HTTP/1.1'),
  request('CONNECT elsewhere:443 HTTP/1.1'),
  request('TRACE / HTTP/1.1'),
  request('BREW /pot HTTP/1.1'),
  request('get /healthz HTTP/1.1'),
  request('GET  /healthz  HTTP/1.1'),
  request('GET /healthz HTTP/1.2'),
  request('GET /healthz HTTP/2.0'),
  request('GET /healthz'),
  request('PRI * HTTP/2.0', '', 'SM\r\n\r\n'),
  request(
    'GET /healthz HTTP/1.1',
    'Upgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Key: eA==\r\n',
  ),
  request(
    'GET /healthz HTTP/1.1',
    'Upgrade: h2c\r\nConnection: upgrade, http2-settings\r\nHTTP2-Settings: \r\n',
  ),
  request(`POST ${target} HTTP/1.1`, `${json}Content-Length: 12\r\nExpect: 100-continue\r\n`, '{"name":"n"}'),
  request(`POST ${target} HTTP/1.1`, 'Expect: the impossible\r\n'),
  'GET /healthz HTTP/1.0\r\n\r\n',
  'GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n',
  'GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n',
  'GET /healthz HTTP/1.1\nHost: a\nConnection: close\n\n',
  'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003',
  '\r\n\r\nGET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  'HTTP/1.1 200 OK\r\n\r\n',
]

/** Bytes for a socket: requests that HTTP forbids or frowns upon, whole ones with a few bytes changed, and noise. */
export const rawRequest: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...known).map((text) => Buffer.from(text, 'latin1')) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        fc.constantFrom(...known),
        fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 }),
      )
      .map(([text, changes]) => {
        const bytes = Buffer.from(text, 'latin1')
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte
        return bytes
      }),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom(...known), fc.nat())
      .map(([text, at]) => Buffer.from(text.slice(0, 1 + (at % text.length)), 'latin1')),
  },
  fc.uint8Array({ minLength: 1, maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
)
