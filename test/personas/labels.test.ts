import { describe, expect, it } from 'vitest'
import { createPersonaInput } from '../../src/personas/schema.js'
import { type Caller, newProjectId } from '../support/helper.js'
import { throughBoth } from '../support/matrix.js'

it('a list of tags that is too long is refused before a tag is looked at', () => {
  const tags: string[] = []
  for (let at = 0; at <= 20; at += 1) {
    Object.defineProperty(tags, at, { get: () => expect.fail('A tag was looked at') })
  }
  expect(createPersonaInput.shape.tags.safeParse(tags).success).toBe(false)
})

throughBoth('tags and metadata', (caller) => {
  const call: Caller['call'] = (procedure, input) => caller().call(procedure, input)
  const create = (fields: object) =>
    call('personas.create', { projectId: newProjectId(), name: 'n', ...fields })
  /** The pairs of a map as they come in JSON, `__proto__` included. */
  const mapOf = (...pairs: [string, unknown][]) => Object.fromEntries(pairs)
  const many = (count: number, make: (at: number) => unknown) =>
    Array.from({ length: count }, (_, at) => make(at))

  it('are kept in the order given, tags trimmed and in NFC', async () => {
    const metadata = { zeta: '1', 'a.b$': '', '': undefined, constructor: 'x', toString: 'é' }
    const { status, value } = await create({ tags: [' b ', 'A', 'Zoe\u0308', '🙂'.repeat(50)], metadata })
    expect(status).toBe(201)
    expect(value.tags).toEqual(['b', 'A', 'Zoë', '🙂'.repeat(50)])
    expect(Object.entries(value.metadata)).toEqual([
      ['zeta', '1'],
      ['a.b$', ''],
      ['constructor', 'x'],
      ['toString', 'é'],
    ])
    expect(Object.keys(value)).toEqual([
      'id',
      'name',
      'tags',
      'metadata',
      'version',
      'createdAt',
      'updatedAt',
    ])
  })

  it('are replaced whole, and cleared by null and by an empty one', async () => {
    const projectId = newProjectId()
    const fields = { tags: ['a', 'b'], metadata: { a: '1', b: '2' } }
    const { value } = await call('personas.create', { projectId, name: 'n', ...fields })
    const update = async (change: object) =>
      (await call('personas.update', { projectId, id: value.id, ...change })).value
    expect(await update({ tags: ['b'], metadata: { c: '3' } })).toMatchObject({
      tags: ['b'],
      metadata: { c: '3' },
    })
    expect(await update({ tags: [] })).not.toHaveProperty('tags')
    expect(await update({ metadata: {} })).not.toHaveProperty('metadata')
    await update(fields)
    const cleared = await update({ tags: null, metadata: null })
    expect(cleared).toStrictEqual({
      id: value.id,
      name: 'n',
      version: 6,
      createdAt: value.createdAt,
      updatedAt: cleared.updatedAt,
    })
    expect((await create({ tags: [], metadata: {} })).value).not.toHaveProperty('tags')
  })

  it('are taken up to their limits', async () => {
    const tags = many(20, (at) => `${'x'.repeat(48)}${at + 10}`)
    const pairs = many(32, (at) => [`${'🙂'.repeat(62)}${at + 10}`, '🙂'.repeat(512)])
    const metadata = Object.fromEntries(pairs as [string, string][])
    expect(await create({ tags, metadata })).toMatchObject({ status: 201, value: { tags, metadata } })
  })

  describe('are refused', () => {
    const issue = (path: string, message: string) => ({ path, message })
    it.each<[string, object, ReturnType<typeof issue>[]]>([
      ['tags that are no list', { tags: 'a' }, [issue('tags', 'tags must be a list')]],
      ['tags in a map', { tags: { 0: 'a' } }, [issue('tags', 'tags must be a list')]],
      ['a tag that is no text', { tags: ['a', 5] }, [issue('tags.1', 'tags.1 must be a string')]],
      ['21 tags', { tags: many(21, String) }, [issue('tags', 'tags must hold at most 20 tags')]],
      [
        '18,000 wrong tags',
        { tags: Array(18_000).fill(5) },
        [issue('tags', 'tags must hold at most 20 tags')],
      ],
      [
        'a tag of 51 characters',
        { tags: ['🙂'.repeat(51)] },
        [issue('tags.0', 'tags.0 must be at most 50 characters')],
      ],
      ['a tag of white space', { tags: ['a', ' \t'] }, [issue('tags.1', 'tags.1 must not be empty')]],
      [
        'a tag of two lines',
        { tags: ['a\nb'] },
        [issue('tags.0', 'tags.0 must not contain control characters')],
      ],
      [
        'a tag with NUL',
        { tags: ['a\u0000b'] },
        [issue('tags.0', 'tags.0 must not contain control characters')],
      ],
      [
        'a tag with a lone surrogate',
        { tags: ['\ud800'] },
        [issue('tags.0', 'tags.0 must not contain lone surrogates')],
      ],
      [
        'tags alike but for case',
        { tags: ['Ärger', 'b', 'ä\u0308rger'.replace('ä\u0308', 'a\u0308'), 'STRASSE', 'straße'] },
        [
          issue('tags.2', 'tags.2 is the same tag as tags.0'),
          issue('tags.4', 'tags.4 is the same tag as tags.3'),
        ],
      ],
      [
        'metadata that is no map',
        { metadata: ['a'] },
        [issue('metadata', 'metadata must be an object of string values')],
      ],
      [
        '33 pairs',
        { metadata: Object.fromEntries(many(33, (at) => [at, 'x']) as [string, string][]) },
        [issue('metadata', 'metadata must hold at most 32 pairs')],
      ],
      [
        'the key __proto__',
        { metadata: mapOf(['__proto__', 'x']) },
        [issue('metadata.__proto__', 'metadata.__proto__ is not allowed as a key')],
      ],
      [
        'an empty key',
        { metadata: { '': 'x' } },
        [issue('metadata', 'metadata keys must have 1 to 64 characters')],
      ],
      [
        'a key with NUL',
        { metadata: { 'a\u0000': 'x' } },
        [issue('metadata.a\u0000', 'metadata keys must not contain NUL characters')],
      ],
      [
        'a value of 513 characters',
        { metadata: { a: '🙂'.repeat(513) } },
        [issue('metadata.a', 'metadata.a must be at most 512 characters')],
      ],
      [
        'a value with a lone surrogate',
        { metadata: { a: '\udfff' } },
        [issue('metadata.a', 'metadata.a must not contain lone surrogates')],
      ],
      ...[5, null, {}, ['x']].map((value): [string, object, ReturnType<typeof issue>[]] => [
        `the value ${JSON.stringify(value)}`,
        { metadata: { ok: 'x', wrong: value } },
        [issue('metadata.wrong', 'metadata.wrong must be a string')],
      ]),
    ])('%s', async (_, fields, issues) => {
      const projectId = newProjectId()
      const { value } = await call('personas.create', { projectId, name: 'n' })
      for (const procedure of ['personas.create', 'personas.update']) {
        const outcome = await call(procedure, { projectId, name: 'n', id: value.id, ...fields })
        expect(outcome).toMatchObject({
          status: 400,
          code: 'BAD_REQUEST',
          message: issues[0]?.message,
          issues,
        })
        expect(outcome.issues).toHaveLength(issues.length)
      }
      expect((await call('personas.get', { projectId, id: value.id })).value).toStrictEqual(value)
    })

    it('with at most 20 issues, and little of what was sent', async () => {
      const pairs = many(32, (at) => [`${'k'.repeat(60)}${at}`, at]) as [string, number][]
      const outcome = await create({ metadata: Object.fromEntries(pairs) })
      expect(outcome.issues).toHaveLength(20)
      for (const value of ['x', 5]) {
        const long = await create({ metadata: { ['é'.repeat(4_000)]: value } })
        expect(long.issues).toHaveLength(1)
        expect(long.issues?.[0]?.path.length).toBeLessThan(100)
        expect(long.message?.length).toBeLessThan(100)
      }
    })
  })
})
