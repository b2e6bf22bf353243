import { randomUUID } from 'node:crypto'
import { MongoClient } from 'mongodb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Persona } from '../../src/personas/schema.js'
import type { Store } from '../../src/store/store.js'
import { copyWithFields } from './source-copy.js'

/** One entry each: nothing else of the copy is changed. */
const ENTRIES = `
  labels: emptyIsAbsent(optional(z.array(z.string().max(9)), z.array(z.string()), { about: 'Words', example: ['smoke'] })),
  notes: emptyIsAbsent(optionalMap(z.record(z.string(), z.string()), z.record(z.string(), z.string()), { about: 'Notes' })),
  level: optional(z.number(), z.number(), { about: 'How patient', example: 3 }),
`
const added = copyWithFields(ENTRIES)
afterAll(added.remove)

// The service of the copy runs in this process, whichever runtime the others are tested on.
type Helper = typeof import('../support/helper.js')
const { databases, newProjectId, startService } = await added.load<Helper>('test/support/helper.ts')
type Stores = typeof import('../cli/migrate/stores.js')
const { move, places, within } = await added.load<Stores>('test/cli/migrate/stores.ts')
type Verification = typeof import('../../src/cli/migrate/verify.js')
const { verify } = await added.load<Verification>('src/cli/migrate/verify.ts')
type Documentation = typeof import('../../src/openapi/document.js')
const { buildDocument } = await added.load<Documentation>('src/openapi/document.ts')

type Declaration = typeof import('../../src/personas/fields.js')
const { fieldNames, personaFields } = await added.load<Declaration>('src/personas/fields.ts')

const given = { labels: ['smoke', 'a.b$'], notes: { 'z.$': '1', a: '' }, level: 3 }
const fields = ['labels', 'notes', 'level']
const names = (persona: Persona) => Object.keys(persona)

/** The names in a persona's answer that has these beside those of every persona, in the order of declaration. */
function namesWith(...more: string[]): string[] {
  const isAlways = (name: keyof typeof personaFields) =>
    !personaFields[name].answer.safeParse(undefined).success
  return fieldNames.filter((name) => isAlways(name) || more.includes(name))
}

describe.each(databases)('a field with one entry, on $name', (database) => {
  let service: Awaited<ReturnType<typeof startService>>
  beforeAll(async () => {
    service = await startService(database)
    return () => service.close()
  })

  describe.each(['rest', 'trpc'] as const)('through %s', (way) => {
    const call = (procedure: string, input: Record<string, unknown>) => service[way].call(procedure, input)
    const create = async (input: object = given) => {
      const projectId = newProjectId()
      const made = await call('personas.create', { projectId, name: 'A', ...input })
      return { projectId, made, id: made.value?.id }
    }

    it('is taken, stored and returned in its place', async () => {
      const { projectId, id, made } = await create()
      expect(made).toMatchObject({ status: 201, value: given })
      const read = await call('personas.get', { projectId, id })
      expect(read.value).toStrictEqual(made.value)
      expect(names(read.value)).toEqual(namesWith(...fields))
      expect(Object.keys(read.value.notes)).toEqual(['z.$', 'a'])
      const list = await call('personas.list', { projectId })
      expect(JSON.stringify(list.value)).toBe(JSON.stringify([read.value]))
    })

    it('is held to its schema', async () => {
      for (const wrong of [
        { level: '3' },
        { labels: 'smoke' },
        { labels: ['x'.repeat(10)] },
        { notes: [] },
      ]) {
        const { made } = await create(wrong)
        const [field = ''] = Object.keys(wrong)
        expect(made).toMatchObject({ status: 400, issues: [{ path: expect.stringContaining(field) }] })
      }
    })

    it('is changed alone, and in its place in answers', async () => {
      const { projectId, id } = await create({ level: 1 })
      const { value } = await call('personas.update', { projectId, id, labels: ['x'] })
      expect(value).toMatchObject({ level: 1, labels: ['x'] })
      expect(names(value)).toEqual(namesWith('labels', 'level'))
      expect((await call('personas.get', { projectId, id })).value).toStrictEqual(value)
    })

    it('counts as no change where it is the same, and as one where its order is another', async () => {
      const { projectId, id, made } = await create()
      const same = await call('personas.update', { projectId, id, ...given })
      expect(same.value).toStrictEqual(made.value)
      const notes = { a: '', 'z.$': '1' }
      const { value } = await call('personas.update', { projectId, id, notes })
      expect(value.updatedAt > made.value.updatedAt).toBe(true)
      expect(Object.keys(value.notes)).toEqual(['a', 'z.$'])
    })

    it('is cleared with null, and where that is declared with nothing in it', async () => {
      const nulls = { labels: null, notes: null, level: null }
      for (const clearing of [nulls, { ...nulls, labels: [], notes: {} }]) {
        const { projectId, id, made } = await create()
        const { value } = await call('personas.update', { projectId, id, ...clearing })
        expect(names(value)).toEqual(namesWith())
        expect(value.updatedAt > made.value.updatedAt).toBe(true)
        expect((await call('personas.get', { projectId, id })).value).toStrictEqual(value)
        const empty = await create(clearing)
        expect(names(empty.made.value)).toEqual(namesWith())
      }
    })
  })
})

/** Compares two stores as `personas-api migrate` does once it has copied. */
function verified(from: string, to: string) {
  const progress = { begin: () => ({ advance: () => undefined, end: () => undefined }) }
  const { signal } = new AbortController()
  return within(from, (source) =>
    within(to, (target) => verify({ source: source.transfer, target: target.transfer, progress, signal })),
  )
}

describe('a field with one entry', () => {
  const at = '2026-01-28T10:00:00.000Z'
  const record = (more: object = {}) => ({
    projectId: 'p',
    persona: { id: randomUUID(), name: 'A', ...given, version: 1, createdAt: at, updatedAt: at, ...more },
  })

  it('is migrated from one store to the other and back', async () => {
    const [from, through, to] = [places.SQLite(), places.MongoDB(), places.SQLite()]
    const { projectId, persona } = record()
    await within(from, (store) => store.transfer.personas.append([{ projectId, persona }]))
    expect(await move(from, through)).toEqual(expect.arrayContaining([expect.stringMatching(/^Verified/)]))
    const client = new MongoClient(through)
    // Keys of the caller's are no names of fields, which servers take dots and dollars for paths in.
    const notes = [
      { k: 'z.$', v: '1' },
      { k: 'a', v: '' },
    ]
    expect(await client.db().collection('personas').findOne()).toMatchObject({ ...given, notes })
    await client.close()
    await move(through, to)
    const found = await within(to, (store) => store.findPersona('p', persona.id))
    expect(JSON.stringify(found)).toBe(JSON.stringify(persona))
  })

  it.each(['SQLite', 'MongoDB'] as const)(
    'is compared by the verification of a copy in %s',
    async (target) => {
      const { persona } = record()
      for (const [name, other] of [
        ['labels', ['smoke']],
        ['notes', { a: '', 'z.$': '1' }],
        ['level', undefined],
      ] as const) {
        const [from, to] = [places.SQLite(), places[target]()]
        const append = (fields: object) => (store: Store) =>
          store.transfer.personas.append([{ projectId: 'p', persona: { ...persona, ...fields } }])
        await within(from, append({}))
        await within(to, append({ [name]: other }))
        await expect(verified(from, to)).rejects.toThrow(/^Not verified: personas differ/)
        await expect(move(from, to)).rejects.toThrow(/^The target holds data of its own/)
      }
    },
  )

  it('is in the document and in the types of the client', async () => {
    const { components } = JSON.parse(JSON.stringify(buildDocument()))
    const { Persona: shown, CreatePersonaInput: create, UpdatePersonaInput: update } = components.schemas
    for (const { properties } of [shown, create, update])
      expect(Object.keys(properties)).toEqual(expect.arrayContaining(fields))
    expect(shown.examples[0]).toMatchObject({ labels: ['smoke'], level: 3 })
    expect(shown.properties.labels).toEqual({
      type: 'array',
      items: { type: 'string' },
      description: 'Words',
    })
    expect(update.properties.level).toEqual({
      type: ['number', 'null'],
      description: 'How patient; null removes it',
    })
    await added.generateClientTypes()
    const types = added.read('src/client/types.ts')
    for (const line of [
      'labels?: string[]',
      'notes?: Record<string, string>',
      'level?: number | null | undefined',
    ]) {
      expect(types).toContain(`  ${line}\n`)
    }
  })
})
