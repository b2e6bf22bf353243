import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { databases } from '../support/helper.js'
import { BOUND, GENERAL, type KeyHolders, keyHolders, MINE } from './key-holders.js'

describe.each(databases.slice(0, 1))('keys', (database) => {
  let holders: KeyHolders
  beforeAll(async () => {
    holders = await keyHolders(database)
  })
  afterAll(() => holders.close())

  it.each([
    ['/api/projects', 'GET'],
    ['/api/projects/p/personas', 'GET'],
    ['/api/projects/p/images/x.png', 'GET'],
    ['/api/projects/p/images', 'POST'],
    ['/metrics', 'GET'],
    ['/trpc/personas.list?input=%7B%22projectId%22%3A%22p%22%7D', 'GET'],
    ['/trpc/personas.list,projects.list?batch=1&input=%7B%7D', 'GET'],
    ['/trpc/images.upload', 'POST'],
  ])('%s without a valid key is 401 with WWW-Authenticate, whatever the header is', async (path, method) => {
    const wrong = [
      '',
      'Bearer',
      'Bearer ',
      `Basic ${GENERAL}`,
      GENERAL,
      `Bearer ${GENERAL}x`,
      `Bearer ${GENERAL.slice(0, -1)}`,
      `Bearer ${GENERAL} ${GENERAL}`,
      `Bearer ${MINE}=${BOUND}`,
    ]
    for (const authorization of wrong) {
      const headers = new Headers(authorization === '' ? [] : [['Authorization', authorization]])
      const response = await holders.nobody.send(path, { method, headers })
      expect([authorization, response.status]).toEqual([authorization, 401])
      expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/)
      expect(await response.text()).not.toContain(GENERAL)
    }
  })

  it('the scheme is read in any case, as RFC 9110 has it', async () => {
    const response = await holders.nobody.send('/api/projects', {
      headers: { Authorization: `bEARER ${GENERAL}` },
    })
    expect(response.status).toBe(200)
  })

  it('health, readiness, the document and its page are open; metrics want a general key', async () => {
    for (const path of ['/healthz', '/readyz', '/openapi.json', '/docs', '/docs/reference.js']) {
      expect((await holders.nobody.send(path)).status).toBe(200)
    }
    expect((await holders.bound.send('/metrics')).status).toBe(403)
    expect((await holders.general.send('/metrics')).status).toBe(200)
  })

  it.each([
    '/api/projects/p/personas',
    '/api/projects/p/images',
    '/trpc/personas.create',
    '/trpc/images.upload',
  ])('%s refuses a wrong key before the body is read', async (path) => {
    const headers = { 'Content-Type': 'text/plain' }
    const body = new Uint8Array(16)
    const response = await holders.wrong.send(path, { method: 'POST', headers, body })
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/)
  })

  it('the header named as key is no way around the one that counts', async () => {
    const odd = { 'X-API-Key': GENERAL, Cookie: `key=${GENERAL}`, 'Proxy-Authorization': `Bearer ${GENERAL}` }
    expect((await holders.nobody.send('/api/projects', { headers: odd })).status).toBe(401)
    expect((await holders.nobody.send(`/api/projects?access_token=${GENERAL}`)).status).toBe(401)
  })
})
