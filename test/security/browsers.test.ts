import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Running, startService } from '../helper.js'

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
      expect(refused.headers.get('access-control-expose-headers')).toMatch(/X-Request-Id/i)
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
