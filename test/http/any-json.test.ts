import fc from 'fast-check'
import { expect, it } from 'vitest'
import { newProjectId } from '../support/helper.js'
import { onEveryStore } from '../support/matrix.js'

const RUNS = 60
const json = { 'Content-Type': 'application/json' }

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.constantFrom(
    '\ud800',
    'a\u0000',
    '__proto__',
    'constructor',
    '😀'.repeat(201),
    ' ',
    '\u0085',
    '\ufeffx',
  ),
)
const anyValue = fc.oneof(
  { weight: 3, arbitrary: anyText },
  fc.jsonValue({ maxDepth: 3 }),
  fc.dictionary(anyText, fc.oneof(anyText, fc.jsonValue())),
  fc.constantFrom(null, 5, -0, 1e308, true, [], {}, ['a'], [[]], { toString: 'x' }, { length: -1 }),
)
const fields = [
  'name',
  'description',
  'systemPrompt',
  'imageUrl',
  'headers',
  'ifMatch',
  'llmSettings',
  'role',
  'imageBase64',
  'filename',
]
const anyBody = fc.oneof(
  { weight: 4, arbitrary: fc.dictionary(fc.constantFrom(...fields), anyValue) },
  fc.dictionary(anyText, anyValue),
  fc.jsonValue(),
)
/** JSON of a value, in which `__proto__` may be a key too. */
const anyJson = anyBody.map((body) => JSON.stringify(body).replaceAll('"toString"', '"__proto__"'))

const isMap = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value)

/** What was accepted is stored as it was sent: of its type, and but for a name's trim to the letter. */
function expectUnchanged(sent: Record<string, unknown>, answered: Record<string, unknown>) {
  for (const field of ['description', 'systemPrompt', 'headers']) {
    if (sent[field] === null || sent[field] === undefined) expect(answered).not.toHaveProperty([field])
    else expect(answered[field]).toEqual(sent[field])
  }
  if (sent.name !== undefined) expect(answered.name).toBe(String(sent.name).trim().normalize('NFC'))
  expect(typeof answered.name).toBe('string')
}

onEveryStore('no JSON body, however odd,', (service) => {
  it('gives a 5xx on create, or changes the type of what is stored', async () => {
    await fc.assert(
      fc.asyncProperty(anyJson, async (body) => {
        const path = `/api/projects/${newProjectId()}/personas`
        const response = await service().send(path, { method: 'POST', headers: json, body })
        expect([201, 400, 409]).toContain(response.status)
        const answer = (await response.json()) as Record<string, unknown>
        if (response.status !== 201) {
          expect(answer.message).toEqual(expect.any(String))
          return
        }
        const stored = await (await service().send(`${path}/${answer.id}`)).json()
        expect(stored).toEqual(answer)
        expectUnchanged(JSON.parse(body), answer)
      }),
      { numRuns: RUNS },
    )
  })

  it('gives a 5xx on update, or changes the type of what is stored', async () => {
    const projectId = newProjectId()
    const path = `/api/projects/${projectId}/personas`
    await fc.assert(
      fc.asyncProperty(anyJson, async (body) => {
        const before = await service().client.personas.create.mutate({
          projectId,
          name: `${Math.random()}`,
          description: 'before',
          headers: { A: '1' },
        })
        const response = await service().send(`${path}/${before.id}`, { method: 'PUT', headers: json, body })
        expect([200, 400, 409]).toContain(response.status)
        const stored = await service().client.personas.get.query({ projectId, id: before.id })
        if (response.status !== 200) {
          expect(stored).toEqual(before)
          return
        }
        const kept = { name: before.name, description: 'before', headers: { A: '1' } }
        expectUnchanged({ ...kept, ...JSON.parse(body) }, stored)
      }),
      { numRuns: RUNS },
    )
  })

  it('gives a 5xx on any other route that takes one', async () => {
    const projectId = newProjectId()
    const { id } = await service().client.personas.create.mutate({ projectId, name: 'n' })
    const targets = [
      ['PUT', `/api/projects/${projectId}/config`],
      ['POST', '/api/projects'],
      ['POST', `/api/projects/${projectId}/personas/${id}/merge-headers`],
      ['POST', `/api/projects/${projectId}/personas/${id}/generate-image`],
      ['POST', `/api/projects/${projectId}/images`],
    ] as const
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...targets), anyJson, async ([method, path], body) => {
        const response = await service().send(path, { method, headers: json, body })
        expect([200, 201, 400]).toContain(response.status)
      }),
      { numRuns: RUNS },
    )
  })

  it('is judged differently by tRPC than by REST', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyJson.filter((body) => isMap(JSON.parse(body))),
        async (body) => {
          const [a, b] = [newProjectId(), newProjectId()]
          const rest = await service().send(`/api/projects/${a}/personas`, {
            method: 'POST',
            headers: json,
            body,
          })
          const trpc = await service().send('/trpc/personas.create', {
            method: 'POST',
            headers: json,
            body: `${body.slice(0, -1)}${body === '{}' ? '' : ','}"projectId":"${b}"}`,
          })
          const [fromRest, fromTrpc] = [await rest.json(), await trpc.json()] as {
            error?: { message: string }
            message?: string
            result?: { data: object }
          }[]
          const status = rest.status === 201 ? 200 : rest.status
          expect(trpc.status).toBe(status)
          expect(fromTrpc?.error?.message).toBe(fromRest?.message)
          if (status === 200) {
            const own = { id: 0, createdAt: 0, updatedAt: 0 }
            expect({ ...fromTrpc?.result?.data, ...own }).toEqual({ ...fromRest, ...own })
          }
        },
      ),
      { numRuns: RUNS },
    )
  })
})
