// Calls through a client generated from the OpenAPI document:
//   npx @hey-api/openapi-ts --input openapi.json --output generated
import assert from 'node:assert/strict'
import {
  createPersona,
  deleteProject,
  getImage,
  getPersona,
  listPersonas,
  mergePersonaHeaders,
  type Persona,
  updatePersona,
  uploadImageFile,
} from './generated'
import { createClient } from './generated/client'

const { PERSONAS_URL = 'http://localhost:3000', PERSONAS_API_KEY = '' } = process.env
const client = createClient({ baseUrl: PERSONAS_URL, auth: PERSONAS_API_KEY })
const path = { projectId: `hey-api-${crypto.randomUUID()}` }

const created = await createPersona({
  client,
  path,
  body: { name: 'impatient-user', headers: { 'X-User-Language': 'en' } },
  throwOnError: true,
})
const persona: Persona = created.data

// Errors have a status, a code and a message.
const twin = await createPersona({ client, path, body: { name: persona.name } })
assert.equal(twin.response?.status, 409)
assert.equal(twin.error?.code, 'CONFLICT')

const list = await listPersonas({ client, path, query: { limit: 10 }, throwOnError: true })
assert.deepEqual(list.data, [persona])

// ETags: update only the version that was read.
const one = { ...path, id: persona.id }
const read = await getPersona({ client, path: one })
const headers = { 'If-Match': read.response?.headers.get('ETag') ?? '' }
const changed = await updatePersona({ client, path: one, headers, body: { description: 'In a hurry' } })
assert.equal(changed.data?.description, 'In a hurry')
const late = await updatePersona({ client, path: one, headers, body: { description: null } })
assert.equal(late.error?.code, 'PRECONDITION_FAILED')

const merged = await mergePersonaHeaders({
  client,
  path: one,
  body: { headers: { 'x-user-language': 'de', Accept: '*/*' } },
  throwOnError: true,
})
assert.deepEqual(merged.data.headers, { 'X-User-Language': 'en', Accept: '*/*' })

// A picture goes as it is, and comes as it is.
const pixel =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const uploaded = await uploadImageFile({
  client,
  path,
  query: { role: 'upload' },
  body: new Blob([Buffer.from(pixel, 'base64')]),
  throwOnError: true,
})
const image = await getImage({ client, path: { ...path, imageId: uploaded.data.id }, throwOnError: true })
assert.equal(image.data.type, 'image/png')

const deleted = await deleteProject({ client, path })
assert.equal(deleted.response?.status, 204)
console.log('every check holds')
