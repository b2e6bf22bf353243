import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newProjectId, type Running, startService } from '../support/helper.js'
import { document, faults, resolve } from './document.js'

let service: Running
beforeAll(async () => {
  service = await startService()
})
afterAll(() => service.close())

const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const json = { 'Content-Type': 'application/json' }

async function isTaken(path: string, init: RequestInit): Promise<boolean> {
  const { status } = await service.send(path, init)
  expect([200, 201, 400, 404]).toContain(status)
  return status !== 400
}

const post = (path: string, body: object) =>
  isTaken(path, { method: 'POST', headers: json, body: JSON.stringify(body) })

/** What a field's schema says of a value, beside what the service does with it. */
const fields = {
  name: {
    schema: () => document.components.schemas.CreatePersonaInput.properties.name,
    send: (name: unknown) => post(`/api/projects/${newProjectId()}/personas`, { name }),
  },
  description: {
    schema: () => document.components.schemas.CreatePersonaInput.properties.description,
    send: (description: unknown) =>
      post(`/api/projects/${newProjectId()}/personas`, { name: 'n', description }),
  },
  headers: {
    schema: () => document.components.schemas.HeaderMap,
    send: (headers: unknown) => post(`/api/projects/${newProjectId()}/personas`, { name: 'n', headers }),
  },
  projectId: {
    schema: () => document.components.parameters.ProjectId.schema,
    // A URL would lose `.` and `..`.
    send: async (projectId: unknown) =>
      (await service.trpc.call('personas.list', { projectId })).status === 200,
  },
  cursor: {
    schema: () =>
      document.paths['/api/projects/{projectId}/personas'].get.parameters
        .map(resolve)
        .find(({ name }: { name: string }) => name === 'cursor').schema,
    send: (cursor: unknown) => isTaken(`/api/projects/${newProjectId()}/personas?cursor=${cursor}`, {}),
  },
  imageBase64: {
    schema: () => document.components.schemas.UploadImageInput.properties.imageBase64,
    send: (imageBase64: unknown) =>
      post(`/api/projects/${newProjectId()}/images`, { imageBase64, role: 'upload' }),
  },
  apiKey: {
    schema: () => document.components.schemas.LlmSettingsInput.properties.apiKey,
    send: (apiKey: unknown) =>
      isTaken(`/api/projects/${newProjectId()}/config`, {
        method: 'PUT',
        headers: json,
        body: JSON.stringify({ llmSettings: { provider: 'openai', apiKey } }),
      }),
  },
}

const headersOf = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`X-${at}`, 'v']))

const taken: [field: keyof typeof fields, value: unknown][] = [
  ...['a', ' a b ', '\n a \t', 'ü🙂', '.', 'x'.repeat(200), 'a\u00a0\u2028b'].map(
    (name): [keyof typeof fields, unknown] => ['name', name],
  ),
  ['description', 'a\u0001\n\u009f'],
  ['description', 'x'.repeat(2_000)],
  ['headers', headersOf(64)],
  ...['a', '.a', '..a', '...', 'a.', 'a..', 'ü/ %🙂', 'x'.repeat(128)].map(
    (id): [keyof typeof fields, unknown] => ['projectId', id],
  ),
  ['imageBase64', PIXEL],
  ['apiKey', 'k'.repeat(512)],
]

const refused: [field: keyof typeof fields, value: unknown][] = [
  ...['', ' \n\u00a0', 'a\u0000b', 'a\tb', 'a\nb', '\u0085a', 'a\u007f', 'a\u009f', 'x'.repeat(201)].map(
    (name): [keyof typeof fields, unknown] => ['name', name],
  ),
  ['description', 'a\u0000'],
  ['description', 'x'.repeat(2_001)],
  ['headers', headersOf(65)],
  ['headers', { 'a b': 'c' }],
  ['headers', { a: '\n' }],
  ...['.', '..', 'a\u0000', '\u0001', '.\u007f', '..\n', 'a\u0085', 'x'.repeat(129)].map(
    (id): [keyof typeof fields, unknown] => ['projectId', id],
  ),
  ['cursor', ''],
  ['cursor', 'x'.repeat(4_097)],
  ['imageBase64', ''],
  ['apiKey', 'a b'],
  ['apiKey', 'k'.repeat(513)],
]

describe('the document and the service agree', () => {
  it.each(taken)('that %s may be %j', async (field, value) => {
    const { schema, send } = fields[field]
    expect(faults(value, schema())).toEqual([])
    expect(await send(value)).toBe(true)
  })

  it.each(refused)('that %s may not be %j', async (field, value) => {
    const { schema, send } = fields[field]
    expect(faults(value, schema())).not.toEqual([])
    expect(await send(value)).toBe(false)
  })

  it('on what If-Match looks like', () => {
    const { schema, example } = document.components.parameters.IfMatch
    for (const value of [example, '*', 'W/"a"', `${example}, ${example}`])
      expect(faults(value, schema)).toEqual([])
    for (const value of [example.slice(1, -1), '', '"a" "b"']) expect(faults(value, schema)).not.toEqual([])
  })

  it('that merged headers may be more than a persona has', async () => {
    const personas = `/api/projects/${newProjectId()}/personas`
    const created = await service.send(personas, {
      method: 'POST',
      headers: json,
      body: JSON.stringify({ name: 'n', headers: headersOf(64) }),
    })
    const { id } = (await created.json()) as { id: string }
    const connector = Object.fromEntries(Object.keys(headersOf(64)).map((name) => [`Y${name}`, 'v']))
    const merged = await service.send(`${personas}/${id}/merge-headers`, {
      method: 'POST',
      headers: json,
      body: JSON.stringify({ headers: connector }),
    })
    const value = (await merged.json()) as { headers: object }
    expect(Object.keys(value.headers)).toHaveLength(128)
    expect(faults(value, document.components.schemas.MergedHeaders)).toEqual([])
  })
})
