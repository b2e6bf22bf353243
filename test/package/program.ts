// A caller's program. The test of the package compiles and runs it with the package in place of the sources.
import {
  type CreatePersonaInput,
  createPersonasClient,
  isPersonasConnectionError,
  isPersonasError,
  mergeHeaders,
  type Persona,
  type PersonasClientOptions,
} from '../../src/client/client.js'

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(`It does not hold that ${what}`)
}

/** Uses the client as its documentation shows it, and throws where an answer is not as promised. */
export async function useClient(options: PersonasClientOptions): Promise<string> {
  const client = createPersonasClient(options)
  const projectId = `program-${crypto.randomUUID()}`
  const draft: Omit<CreatePersonaInput, 'projectId'> = {
    name: 'impatient-user',
    description: null,
    systemPrompt: 'You want quick answers.',
    headers: { 'X-User-Language': 'en' },
  }
  const created: Persona = await client.personas.create.mutate({ projectId, ...draft })
  check(created.description === undefined, 'null on create counts as absent')

  const error = await client.personas.create.mutate({ projectId, ...draft }).catch((error) => error)
  check(isPersonasError(error), 'a taken name is refused by the service')
  check(isPersonasError(error, 'CONFLICT') && error.httpStatus === 409, 'a taken name is a conflict')
  check(!isPersonasError(error, 'NOT_FOUND'), 'it is nothing else')

  const others = await Promise.all(
    ['a', 'b', 'c'].map((name) => client.personas.create.mutate({ projectId, name })),
  )
  const listed = await client.personas.list.query({ projectId }, { signal: AbortSignal.timeout(10_000) })
  check(listed.length === others.length + 1, 'list answers every persona')

  const one = { projectId, pageSize: 1 }
  const signal = AbortSignal.timeout(10_000)
  const names: string[] = []
  for await (const { name } of client.personas.all(one, { signal })) names.push(name)
  check(names.join() === listed.map(({ name }) => name).join(), 'all gives every persona, in the same order')

  const { id, updatedAt } = created
  const updated = await client.personas.update.mutate({ projectId, id, imageUrl: null, ifMatch: updatedAt })
  check(updated.updatedAt === updatedAt, 'an update that changes nothing leaves updatedAt alone')

  const connector = { Authorization: 'Bearer connector', 'x-user-language': 'de' }
  const merged = await client.personas.mergeHeaders.mutate({ projectId, id, headers: connector })
  const own = mergeHeaders(connector, created.headers)
  check(JSON.stringify(merged.headers) === JSON.stringify(own), 'both merge headers alike')
  check(own['X-User-Language'] === 'en', 'the persona’s header wins')

  const elsewhere = createPersonasClient({
    ...options,
    url: `${options.url}/api`,
    retry: false,
    strict: true,
  })
  const failure = await elsewhere.projects.list.query().catch((error) => error)
  check(
    isPersonasConnectionError(failure) && failure.reason === 'not_the_api',
    'a wrong URL is said to be one',
  )
  check(failure.stack.includes('useClient'), 'the stack of an error is that of the call')

  // What may be left out may be undefined.
  const { nothing }: { nothing?: string } = {}
  await client.personas.update.mutate(
    { projectId, id, name: nothing, ifMatch: nothing },
    { signal: undefined },
  )
  createPersonasClient({ ...options, apiKey: nothing, retry: undefined, strict: undefined, fetch: undefined })

  await client.projects.delete.mutate({ projectId })
  const emptied = await client.personas.page.query({ projectId, limit: 1 })
  check(emptied.items.length === 0 && emptied.nextCursor === undefined, 'a project goes with its personas')
  check(Array.isArray(await client.projects.list.query()), 'a list without a project needs no input')
  return 'every check holds'
}

/** Never called: what the compiler must refuse, line by line. */
export async function misuses(): Promise<unknown> {
  // @ts-expect-error the URL is needed
  const client = createPersonasClient({})
  // @ts-expect-error an unknown option
  createPersonasClient({ url: 'http://localhost:3000', token: 'x' })
  // @ts-expect-error a query is no mutation
  client.personas.list.mutate({ projectId: 'p' })
  // @ts-expect-error there is no such call
  client.personas.remove.mutate({ projectId: 'p', id: 'x' })
  // @ts-expect-error the project is needed
  client.personas.create.mutate({ name: 'n' })
  // @ts-expect-error a name is a text
  client.personas.create.mutate({ projectId: 'p', name: 5 })
  // @ts-expect-error no such field
  client.personas.create.mutate({ projectId: 'p', name: 'n', colour: 'red' })
  // @ts-expect-error a name cannot be cleared
  client.personas.update.mutate({ projectId: 'p', id: 'x', name: null })
  // @ts-expect-error values of headers are texts
  client.personas.update.mutate({ projectId: 'p', id: 'x', headers: { 'X-A': 1 } })
  // @ts-expect-error a page is asked for by its size
  client.personas.all({ projectId: 'p', limit: 5 })
  // @ts-expect-error the persona is no promise
  for await (const persona of client.personas.all({ projectId: 'p' })) persona.then()
  // @ts-expect-error no such role
  client.images.upload.mutate({ projectId: 'p', imageBase64: '', role: 'avatar' })
  // @ts-expect-error a signal is no AbortController
  client.personas.list.query({ projectId: 'p' }, { signal: new AbortController() })
  const persona = await client.personas.get.query({ projectId: 'p', id: '12345678' })
  // @ts-expect-error a description may be absent
  persona.description.length
  // @ts-expect-error personas have no colour
  persona.colour
  try {
    await client.projects.list.query()
  } catch (error) {
    // @ts-expect-error no such code
    isPersonasError(error, 'TEAPOT')
    // @ts-expect-error narrowed to one code, it is no other
    if (isPersonasError(error, 'CONFLICT')) return error.code === 'NOT_FOUND'
  }
  // @ts-expect-error values of headers are texts
  return mergeHeaders({ 'X-A': 1 })
}
