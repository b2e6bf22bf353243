// Compiled, never run: misuses that the types made from the OpenAPI document do not let pass.
import createClient from 'openapi-fetch'
import type { components, paths } from './schema.js'

const client = createClient<paths>({ baseUrl: 'http://localhost:3000' })
const path = { projectId: 'support-bot' }

export async function misuses(role: components['schemas']['ImageRole']) {
  // @ts-expect-error: there is no such path
  await client.GET('/api/personas')
  // @ts-expect-error: healthz takes no POST
  await client.POST('/healthz')
  // @ts-expect-error: the project is missing
  await client.GET('/api/projects/{projectId}/personas')
  // @ts-expect-error: a limit is a number
  await client.GET('/api/projects/{projectId}/personas', { params: { path, query: { limit: 'all' } } })
  // @ts-expect-error: a name is required
  await client.POST('/api/projects/{projectId}/personas', { params: { path }, body: { description: 'a' } })
  // @ts-expect-error: a name is a text
  await client.POST('/api/projects/{projectId}/personas', { params: { path }, body: { name: 5 } })
  // @ts-expect-error: a name cannot be cleared
  await client.PUT('/api/projects/{projectId}/personas/{id}', { params: { path }, body: { name: null } })
  const { data, error } = await client.GET('/api/projects/{projectId}/config', { params: { path } })
  // @ts-expect-error: settings may be absent
  data?.llmSettings.provider
  // @ts-expect-error: no error has this code
  if (error?.code === 'TEAPOT') return undefined
  // @ts-expect-error: images have no such role
  return role === 'portrait'
}
