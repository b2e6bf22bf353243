import { expect, it } from 'vitest'
import { newProjectId } from '../support/helper.js'
import { onEveryStore } from '../support/matrix.js'
import { exchangeRaw } from '../support/raw.js'

onEveryStore('answers in JSON', (service) => {
  const projectId = newProjectId()
  const personas = `/api/projects/${projectId}/personas`
  const json = { 'Content-Type': 'application/json' }

  it.each<[what: string, path: string, init: RequestInit, status: number]>([
    ['a persona', personas, { method: 'POST', headers: json, body: '{"name":"ü"}' }, 201],
    ['a list', personas, {}, 200],
    ['an empty list', `/api/projects/${newProjectId()}/personas`, {}, 200],
    ['a page', `${personas}?limit=1`, {}, 200],
    ['settings', `/api/projects/${projectId}/config`, {}, 200],
    ['an error of a procedure', personas, { method: 'POST', headers: json, body: '{}' }, 400],
    ['an unknown path', '/nowhere', {}, 404],
    ['a wrong method', personas, { method: 'PATCH' }, 405],
    ['health', '/healthz', {}, 200],
    ['readiness', '/readyz', {}, 200],
    ['the document', '/openapi.json', {}, 200],
  ])('end with one newline, which their length counts: %s', async (_, path, init, status) => {
    const response = await service().send(path, init)
    const body = Buffer.from(await response.arrayBuffer())
    expect(response.status).toBe(status)
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(response.headers.get('content-length')).toBe(String(body.length))
    expect(body.toString()).toMatch(/[^\n]\n$/)
    expect(() => JSON.parse(body.toString())).not.toThrow()
  })

  it('end with one newline also as versions of a persona', async () => {
    const { value } = await service().rest.call('personas.create', { projectId, name: 'versions' })
    const response = await service().send(`${personas}/${value.id}/versions`)
    const body = Buffer.from(await response.arrayBuffer())
    expect(response.headers.get('content-length')).toBe(String(body.length))
    expect(body.toString()).toMatch(/\]\n$/)
  })

  it('end with one where the request could not be parsed', async () => {
    const [head = '', body = ''] = (await exchangeRaw(service().url, 'no request\r\n\r\n')).split('\r\n\r\n')
    expect(body).toMatch(/\}\n$/)
    expect(/^Content-Length: (\d+)/m.exec(head)?.[1]).toBe(String(Buffer.byteLength(body)))
  })

  it('end without one in tRPC', async () => {
    const input = encodeURIComponent(JSON.stringify({ projectId, id: '12345678' }))
    expect(await (await service().send(`/trpc/personas.get?input=${input}`)).text()).toMatch(/\}$/)
  })

  it('have none where there is no body', async () => {
    const created = await service().rest.call('personas.create', { projectId, name: 'gone' })
    const deleted = await service().send(`${personas}/${created.value.id}`, { method: 'DELETE' })
    expect([deleted.status, await deleted.text()]).toEqual([204, ''])
  })
})
