import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { operations } from '../../src/api/operations.js'
import { prefersStrict } from '../../src/http/preferences.js'
import { unknownInput } from '../../src/unknown.js'
import { plain } from '../images/pictures.js'
import { type Caller, newProjectId, type Running, startService } from '../support/helper.js'
import { onEveryStore, throughBoth } from '../support/matrix.js'

const STRICT = { Prefer: 'handling=strict' }
const json = { 'Content-Type': 'application/json' }

describe('a Prefer header asks for strict handling', () => {
  it.each([
    'handling=strict',
    'Handling="strict"',
    'HANDLING = STRICT',
    'respond-async, handling=strict',
    'respond-async; a="x, handling=lenient", handling=strict; b=c',
    ' ,, wait=10 ,handling=strict',
    'handling=strict, handling=lenient',
    'return="a\\", handling=lenient", handling="strict"',
  ])('as %s', (header) => expect(prefersStrict(header)).toBe(true))

  it.each([
    '',
    'handling',
    'handling=lenient',
    'handling=""',
    'handling=stricter',
    'strict',
    'handling=lenient, handling=strict',
    'return="x, handling=strict"',
    'return="a\\", handling=strict"',
    'xhandling=strict',
    'wait=1; handling=strict',
    '"handling=strict',
  ])('but not as %s', (header) => expect(prefersStrict(header)).toBe(false))

  it.each(['"\\'.repeat(8_000), '"'.repeat(16_000), 'handling ='.repeat(1_600), ',;='.repeat(5_000)])(
    'and is read in no time, whatever it is',
    (header) => {
      const began = performance.now()
      prefersStrict(header)
      expect(performance.now() - began).toBeLessThan(50)
    },
  )
})

describe('what is not known of an input', () => {
  const schema = z.object({
    name: z.string().transform((text) => text.trim()),
    list: z.array(z.object({ size: z.number() })).optional(),
    deep: z.object({ er: z.object({ value: z.string() }).nullish() }).default({}),
    map: z.record(z.string(), z.string()),
  })
  const messages = (input: unknown) => [...unknownInput(schema, input)].map(({ message }) => message)

  it('is found at any depth, and in no map of free keys', () => {
    expect(
      messages({ name: '', map: { nmae: '' }, deep: { er: { value: '' } }, list: [{ size: 1 }] }),
    ).toEqual([])
    expect(
      messages({ nmae: '', deep: { er: { vlaue: '' }, ER: 1 }, list: [{ size: 1 }, { sise: 1 }] }),
    ).toEqual([
      'nmae is not known: did you mean name?',
      'deep.er.vlaue is not known: did you mean deep.er.value?',
      'deep.ER is not known: did you mean deep.er?',
      'list.1.sise is not known: did you mean list.1.size?',
    ])
  })

  it('is nothing where the value is of another type, which validation refuses', () => {
    for (const input of [undefined, null, 5, 'x', [{ nmae: 1 }], { deep: [], list: {}, name: { x: 1 } }]) {
      expect(messages(input)).toEqual([])
    }
  })

  it('is told with what is known where nothing is near, a name of Object’s included', () => {
    const all = 'known are name, list, deep, map'
    expect(messages({ constructor: 1, quantity: 1 })).toEqual([
      `constructor is not known; ${all}`,
      `quantity is not known; ${all}`,
    ])
    expect(messages(JSON.parse('{"__proto__": {}}'))).toEqual([`__proto__ is not known; ${all}`])
    expect([...unknownInput(undefined, { x: 1 })]).toEqual([
      { path: ['x'], message: 'x is not expected here' },
    ])
  })
})

onEveryStore('input that is not known', (service) => {
  const callers = (strict: boolean): Caller[] => {
    const { rest, trpc } = strict ? service().as(STRICT) : service()
    return [rest, trpc]
  }
  const ids = { projectId: newProjectId(), id: '12345678', imageId: 'x.png' }

  it.each(operations())('is refused of $path, and ignored by default', async ({ path, fields }) => {
    const own = Object.entries(ids).filter(([name]) => name in fields)
    const input = { ...Object.fromEntries(own), descripton: 'x' }
    for (const caller of callers(true)) {
      const outcome = await caller.call(path, input)
      expect([caller.name, outcome]).toMatchObject([caller.name, { status: 400, code: 'BAD_REQUEST' }])
      expect(outcome.message).toMatch(/^descripton is not (known[:;]|expected) /)
      expect(outcome.issues).toContainEqual({ path: 'descripton', message: outcome.message })
    }
    for (const caller of callers(false)) {
      const outcome = await caller.call(path, input)
      expect(outcome.message ?? '').not.toContain('descripton')
    }
  })
})

throughBoth('strict handling', (caller, service) => {
  const strict = (): Running => service().as(STRICT)
  const call: Caller['call'] = (procedure, input) =>
    (caller().name === 'REST' ? strict().rest : strict().trpc).call(procedure, input)

  it('names the nearest field, within settings too, and changes nothing', async () => {
    const projectId = newProjectId()
    const created = await call('personas.create', {
      projectId,
      name: 'n',
      descripton: 'd',
      sytem_prompt: 's',
    })
    expect(created).toMatchObject({
      status: 400,
      message: 'descripton is not known: did you mean description?',
      issues: [
        { path: 'descripton' },
        { path: 'sytem_prompt', message: 'sytem_prompt is not known: did you mean systemPrompt?' },
      ],
    })
    const llmSettings = { provider: 'openai', apiKey: 'sk-test-of-strict', modls: {}, models: { imgae: 'm' } }
    const updated = await call('projects.updateConfig', { projectId, llmSettings })
    expect(updated).toMatchObject({
      status: 400,
      issues: [
        { message: 'llmSettings.modls is not known: did you mean llmSettings.models?' },
        { message: 'llmSettings.models.imgae is not known: did you mean llmSettings.models.image?' },
      ],
    })
    expect((await call('projects.list', {})).value.map(({ id }: { id: string }) => id)).not.toContain(
      projectId,
    )
  })

  it('takes whatever is known, headers of any name among it', async () => {
    const projectId = newProjectId()
    const fields = { description: 'd', systemPrompt: 's', headers: { 'X-Any': '1' } }
    const { status, value } = await call('personas.create', { projectId, name: 'n', ...fields })
    expect([status, value]).toMatchObject([201, fields])
    const change = { projectId, id: value.id, imageUrl: 'a.png', ifMatch: value.updatedAt }
    expect((await call('personas.update', change)).status).toBe(200)
    expect((await call('personas.list', { projectId, limit: 5 })).status).toBe(200)
    const models = { image: 'm', persona: null }
    const llmSettings = { provider: 'openai', apiKey: 'sk-test-of-strict', models }
    expect((await call('projects.updateConfig', { projectId, llmSettings, maxConcurrency: 2 })).status).toBe(
      200,
    )
  })

  it('lists 20 issues at most, and repeats no name of any length', async () => {
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`${'x'.repeat(100)}${at}`, 1]))
    const { issues, message } = await call('personas.create', {
      projectId: newProjectId(),
      name: 'n',
      ...many,
    })
    expect(issues).toHaveLength(20)
    expect(message?.length).toBeLessThan(200)
  })
})

onEveryStore('a strict request of REST', (service) => {
  const send = (path: string, init: RequestInit = {}) =>
    service().send(path, { ...init, headers: { ...STRICT, ...(init.headers as object) } })
  const messageOf = async (response: Response) => [
    response.status,
    ((await response.json()) as { message?: string }).message,
  ]
  const personas = `/api/projects/${newProjectId()}/personas`

  it.each([
    ['', 'handling=strict'],
    ['/12345678', 'handling=strict'],
  ])('is told that it is heeded, whatever the answer: %j', async (rest, applied) => {
    const response = await send(`${personas}${rest}`)
    expect(response.headers.get('preference-applied')).toBe(applied)
    expect((await service().send(`${personas}${rest}`)).headers.get('preference-applied')).toBeNull()
    const other = { headers: { Prefer: 'respond-async' } }
    expect((await service().send(`${personas}${rest}`, other)).headers.get('preference-applied')).toBeNull()
  })

  it('is refused for parameters of the query that its route does not take', async () => {
    expect(await messageOf(await send(`${personas}?limt=1`))).toEqual([
      400,
      'limt is not known: did you mean limit?',
    ])
    // They have their place in the path.
    expect(await messageOf(await send(`${personas}?projectId=other`))).toEqual([
      400,
      'projectId is not known; known are limit, cursor, tag, q, name, sort',
    ])
    const posted = { method: 'POST', headers: json, body: '{"name":"n"}' }
    expect(await messageOf(await send(`${personas}?name=n`, posted))).toEqual([
      400,
      'name is not expected here',
    ])
    expect((await service().send(`${personas}?name=n`, posted)).status).toBe(201)
  })

  it('is refused for fields of the body that its route takes from elsewhere, or not at all', async () => {
    const put = (body: object) =>
      send(`${personas}/12345678`, { method: 'PUT', headers: json, body: JSON.stringify(body) })
    for (const field of ['ifMatch', 'projectId', 'id']) {
      const [status, message] = await messageOf(await put({ [field]: 'x', description: 'd' }))
      expect([status, message]).toEqual([400, expect.stringContaining(`${field} is not known`)])
    }
    const deletion = { method: 'DELETE', headers: json, body: '{"ifMatch":"x"}' }
    expect(await messageOf(await send(`${personas}/12345678`, deletion))).toEqual([
      400,
      'ifMatch is not expected here',
    ])
    expect((await send(`${personas}/12345678`, { method: 'DELETE' })).status).toBe(404)
  })

  it('is held to it where pictures come or go as bytes', async () => {
    const images = personas.replace('personas', 'images')
    const body = await plain(8, 8).png().toBuffer()
    const upload = { method: 'POST', headers: { 'Content-Type': 'image/png' }, body }
    expect(await messageOf(await send(`${images}/file?role=upload&rol=x`, upload))).toEqual([
      400,
      'rol is not known: did you mean role?',
    ])
    const stored = await send(`${images}/file?role=upload`, upload)
    expect([stored.status, stored.headers.get('preference-applied')]).toEqual([201, 'handling=strict'])
    const { id } = (await stored.json()) as { id: string }
    expect((await send(`${images}/${id}?size=64`)).status).toBe(200)
    expect(await messageOf(await send(`${images}/${id}?sise=64`))).toEqual([
      400,
      'sise is not known: did you mean size?',
    ])
  })

  it('without a key for the project is refused for that first', async () => {
    const env = { API_KEYS: 'mine=a-key-of-one-project' }
    const kept = await startService(undefined, {
      env,
      headers: { Authorization: 'Bearer a-key-of-one-project', ...STRICT },
    })
    for (const caller of [kept.rest, kept.trpc]) {
      expect((await caller.call('personas.create', { projectId: 'other', nmae: 'n' })).status).toBe(403)
      expect((await caller.call('personas.create', { projectId: 'mine', nmae: 'n' })).status).toBe(400)
    }
    await kept.close()
  })
})

onEveryStore('a strict batch of tRPC', (service) => {
  it('is judged call by call, and told that it is heeded', async () => {
    const projectId = newProjectId()
    const inputs = { 0: { projectId, name: 'a' }, 1: { projectId, name: 'b', descripton: 'd' } }
    const response = await service().send('/trpc/personas.create,personas.create?batch=1', {
      method: 'POST',
      headers: { ...json, ...STRICT },
      body: JSON.stringify(inputs),
    })
    expect([response.status, response.headers.get('preference-applied')]).toEqual([207, 'handling=strict'])
    const [first, second] = (await response.json()) as { result?: object; error?: { message: string } }[]
    expect(first).toHaveProperty('result.data.name', 'a')
    expect(second?.error?.message).toBe('descripton is not known: did you mean description?')
    const listed = await service().client.personas.list.query({ projectId })
    expect(listed.map(({ name }) => name)).toEqual(['a'])
  })
})
