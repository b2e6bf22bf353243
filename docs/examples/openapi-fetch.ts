// Calls with types made from the OpenAPI document:
//   npx openapi-typescript openapi.json --output schema.d.ts && npm install openapi-fetch
import assert from 'node:assert/strict'
import createClient from 'openapi-fetch'
import type { components, paths } from './schema.js'

type Persona = components['schemas']['Persona']

const { PERSONAS_URL = 'http://localhost:3000', PERSONAS_API_KEY = '' } = process.env
const client = createClient<paths>({
  baseUrl: PERSONAS_URL,
  headers: { Authorization: `Bearer ${PERSONAS_API_KEY}` },
})
const path = { projectId: `openapi-fetch-${crypto.randomUUID()}` }

async function createPersona(name: string): Promise<Persona> {
  const { data, error } = await client.POST('/api/projects/{projectId}/personas', {
    params: { path },
    body: { name, description: null, headers: { 'X-User-Language': 'en' } },
  })
  if (error !== undefined) throw new Error(`${error.code}: ${error.message}`)
  return data
}

const persona = await createPersona('impatient-user')
await createPersona('patient-user')

// Errors have a status, a code and a message.
const twin = await client.POST('/api/projects/{projectId}/personas', {
  params: { path },
  body: { name: persona.name },
})
assert.equal(twin.response.status, 409)
assert.equal(twin.error?.code, 'CONFLICT')
const nameless = await client.POST('/api/projects/{projectId}/personas', {
  params: { path },
  body: { name: '' },
})
assert.equal(nameless.error?.issues?.[0]?.path, 'name')

// Pages: a header has the cursor of the next.
const page = await client.GET('/api/projects/{projectId}/personas', { params: { path, query: { limit: 1 } } })
assert.deepEqual(
  page.data?.map(({ id }) => id),
  [persona.id],
)
const cursor = page.response.headers.get('X-Next-Cursor')
assert.ok(cursor)
const next = await client.GET('/api/projects/{projectId}/personas', {
  params: { path, query: { limit: 1, cursor } },
})
assert.equal(next.data?.[0]?.name, 'patient-user')
assert.equal(next.response.headers.get('Link'), null)

// ETags: read only what has changed, and update only the version that was read.
const one = { ...path, id: persona.id }
const read = await client.GET('/api/projects/{projectId}/personas/{id}', { params: { path: one } })
const etag = read.response.headers.get('ETag') ?? ''
const again = await client.GET('/api/projects/{projectId}/personas/{id}', {
  params: { path: one, header: { 'If-None-Match': etag } },
})
assert.equal(again.response.status, 304)
const change = { params: { path: one, header: { 'If-Match': etag } }, body: { description: 'In a hurry' } }
const changed = await client.PUT('/api/projects/{projectId}/personas/{id}', change)
assert.equal(changed.data?.description, 'In a hurry')
const late = await client.PUT('/api/projects/{projectId}/personas/{id}', change)
assert.equal(late.error?.code, 'PRECONDITION_FAILED')

// Pictures are uploaded and downloaded as bytes.
const pixel =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const uploaded = await client.POST('/api/projects/{projectId}/images/file', {
  params: { path, query: { role: 'upload' } },
  headers: { 'Content-Type': 'image/png' },
  body: pixel,
  bodySerializer: (base64) => Buffer.from(String(base64), 'base64'),
})
const imageId = uploaded.data?.id ?? ''
const image = await client.GET('/api/projects/{projectId}/images/{imageId}', {
  params: { path: { ...path, imageId }, query: { format: 'webp' } },
  parseAs: 'arrayBuffer',
})
assert.equal(image.response.headers.get('Content-Type'), 'image/webp')
assert.equal(Buffer.from(image.data ?? new ArrayBuffer()).toString('latin1', 8, 12), 'WEBP')

const deleted = await client.DELETE('/api/projects/{projectId}', { params: { path } })
assert.equal(deleted.response.status, 204)
console.log('every check holds')
