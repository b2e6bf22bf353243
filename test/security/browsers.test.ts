import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newProjectId, type Running, startService } from '../support/helper.js'
import { exchangeRaw } from '../support/raw.js'

const ORIGIN = 'https://app.example.com'
const ELSEWHERE = 'https://app.example.com.evil.example'

let closed: Running
let open: Running
beforeAll(async () => {
  closed = await startService()
  open = await startService(undefined, {
    env: { CORS_ORIGINS: `${ORIGIN}, http://localhost:5173`, API_KEYS: 'general-key-0123456789' },
  })
})
afterAll(() => Promise.all([closed.close(), open.close()]))

const get = (path: string, host: string, headers = '') =>
  `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${headers}\r\n`

const preflight = (service: Running, origin: string, path = '/api/projects') =>
  service.send(path, {
    method: 'OPTIONS',
    headers: {
      Origin: origin,
      'Access-Control-Request-Method': 'PUT',
      'Access-Control-Request-Headers': 'authorization,content-type,if-match',
    },
  })

describe('other origins', () => {
  it('get nothing unless CORS_ORIGINS names them', async () => {
    for (const [service, origin] of [
      [closed, ORIGIN],
      [open, ELSEWHERE],
      [open, 'null'],
    ] as const) {
      expect((await preflight(service, origin)).headers.get('access-control-allow-origin')).toBeNull()
      const response = await service.send('/healthz', { headers: { Origin: origin } })
      expect(response.headers.get('access-control-allow-origin')).toBeNull()
    }
  })

  it('are refused where no keys are set, before anything is done, a POST without a body included', async () => {
    const path = `/api/projects/${newProjectId()}`
    const requests: [path: string, init: RequestInit][] = [
      ['/api/projects', {}],
      [`${path}/personas/00000000-0000-4000-8000-000000000000/generate-image`, { method: 'POST' }],
      [
        `${path}/images/file?role=upload`,
        { method: 'POST', headers: { 'Content-Type': 'image/png' }, body: 'x' },
      ],
      ['/trpc/projects.list', {}],
      ['/trpc/personas.generateImage', { method: 'POST' }],
      ['/metrics', {}],
      ['/nowhere', {}],
    ]
    for (const origin of [ORIGIN, ELSEWHERE, 'null', 'http://localhost:1', 'file://']) {
      for (const [to, init] of requests) {
        const response = await closed.send(to, {
          ...init,
          headers: { ...(init.headers as object), Origin: origin },
        })
        const body: any = await response.json()
        const { message, reason } = to.startsWith('/trpc') ? { ...body.error, ...body.error.data } : body
        expect([to, response.status, reason]).toEqual([to, 403, 'origin_refused'])
        expect(message).toContain('CORS_ORIGINS')
      }
      for (const to of ['/healthz', '/readyz', '/openapi.json', '/docs', '/']) {
        expect((await closed.send(to, { headers: { Origin: origin } })).status).toBe(200)
      }
    }
    expect((await closed.send('/api/projects', { headers: { Origin: closed.url } })).status).toBe(200)
  })

  it('that CORS_ORIGINS names are allowed where no keys are set', async () => {
    const named = await startService(undefined, { env: { CORS_ORIGINS: ORIGIN } })
    try {
      expect((await preflight(named, ORIGIN)).status).toBe(204)
      const response = await named.send('/trpc/projects.list', { headers: { Origin: ORIGIN } })
      expect(response.status).toBe(200)
      expect(response.headers.get('access-control-allow-origin')).toBe(ORIGIN)
      expect(response.headers.get('vary')).toMatch(/origin/i)
      expect(response.headers.get('vary')).toMatch(/trpc-accept/i)
      expect((await named.send('/api/projects', { headers: { Origin: ELSEWHERE } })).status).toBe(403)
      // A proxy passes its own Host on.
      const proxied = await exchangeRaw(named.url, get('/api/projects', 'app.example.com'))
      expect(proxied).toMatch(/^HTTP\/1\.1 200 /)
    } finally {
      await named.close()
    }
  })

  it('cannot come by a name of theirs for this machine (DNS rebinding)', async () => {
    const { port } = new URL(closed.url)
    for (const host of [
      'evil.example',
      `evil.example:${port}`,
      '127.0.0.1.evil.example',
      'localhost.evil',
      '[::1]evil.example',
      '10.0.0.1',
    ]) {
      for (const path of ['/api/projects', '/trpc/projects.list']) {
        const answer = await exchangeRaw(closed.url, get(path, host))
        expect([host, answer]).toEqual([host, expect.stringMatching(/^HTTP\/1\.1 403 /)])
        expect(answer).toContain('origin_refused')
      }
      expect(await exchangeRaw(closed.url, get('/healthz', host))).toMatch(/^HTTP\/1\.1 200 /)
    }
    for (const host of ['localhost', `LOCALHOST:${port}`, '127.0.0.1', '[::1]', `[::1]:${port}`]) {
      expect(await exchangeRaw(closed.url, get('/api/projects', host))).toMatch(/^HTTP\/1\.1 200 /)
    }
    // An empty one names nothing that is here.
    expect(await exchangeRaw(closed.url, get('/api/projects', ''))).toMatch(/^HTTP\/1\.1 403 /)
    // The authority of an absolute target wins over Host (RFC 9112 §3.2.2).
    const absolute = get('http://evil.example/api/projects', 'localhost')
    expect(await exchangeRaw(closed.url, absolute)).toMatch(/^HTTP\/1\.1 403 /)
    // With keys, a page has nothing that a browser would send by itself.
    const keyed = get('/api/projects', 'evil.example', 'Authorization: Bearer general-key-0123456789\r\n')
    expect(await exchangeRaw(open.url, keyed)).toMatch(/^HTTP\/1\.1 200 /)
  })

  it('get JSON for an OPTIONS that is no preflight', async () => {
    const response = await open.send('/api/projects', { method: 'OPTIONS' })
    expect(response.status).toBe(405)
    expect(await response.json()).toMatchObject({ code: 'METHOD_NOT_SUPPORTED' })
  })

  it.each(['/api/projects', '/trpc/projects.list', '/api/projects/p/images/x.png'])(
    'that are named may call %s, with their key',
    async (path) => {
      const asked = await preflight(open, ORIGIN, path)
      expect(asked.status).toBe(204)
      expect(asked.headers.get('access-control-allow-origin')).toBe(ORIGIN)
      expect(asked.headers.get('access-control-allow-methods')).toContain('PUT')
      expect(asked.headers.get('access-control-allow-headers')).toContain('authorization')
      expect(asked.headers.get('vary')).toMatch(/origin/i)
      // Keys are sent by hand; cookies and passwords of the browser never.
      expect(asked.headers.get('access-control-allow-credentials')).toBeNull()
      const refused = await open.send(path, { headers: { Origin: ORIGIN } })
      expect(refused.status).toBe(401)
      expect(refused.headers.get('access-control-allow-origin')).toBe(ORIGIN)
      const exposed = refused.headers.get('access-control-expose-headers')?.split(', ')
      expect(exposed).toEqual(expect.arrayContaining(['X-Request-Id', 'X-Next-Cursor', 'Link', 'ETag']))
    },
  )
})

describe('answers', () => {
  it.each([
    '/healthz',
    '/nowhere',
    '/api/projects',
    '/trpc/projects.list',
    '/trpc/nothing',
    '/openapi.json',
    '/docs',
    '/metrics',
    '/api/projects/%zz',
    '/api/projects/p/personas?limit=x',
  ])('of %s are not sniffed, framed or kept by others', async (path) => {
    const { headers } = await closed.send(path)
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(headers.get('cache-control')).toMatch(/^(private|no-store)/)
    expect(headers.get('x-powered-by')).toBeNull()
    expect(headers.get('server')).toBeNull()
  })

  it('of the service never run a script that a persona brought', async () => {
    const name = '<script>alert(1)</script>'
    const json = { 'Content-Type': 'application/json' }
    const path = '/api/projects/p/personas'
    await closed.send(path, { method: 'POST', headers: json, body: JSON.stringify({ name }) })
    const again = await closed.send(path, { method: 'POST', headers: json, body: JSON.stringify({ name }) })
    expect(again.headers.get('content-type')).toMatch(/^application\/json/)
    expect((await closed.send(path)).headers.get('content-type')).toMatch(/^application\/json/)
    const mixed = await closed.send('/trpc/projects.create,projects.list?batch=1', {
      method: 'POST',
      headers: json,
      body: '{}',
    })
    expect(mixed.headers.get('content-type')).toMatch(/^application\/json/)
  })
})
