import { describe, expect, it } from 'vitest'
import { badCursor, nameTaken, personaNotFound } from '../../src/errors/personas.js'
import { noProvider, noSystemPrompt, notOpenAi } from '../../src/errors/portraits.js'
import { type Caller, newProjectId } from '../support/helper.js'
import { throughBoth } from '../support/matrix.js'

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/
const NOBODY = '00000000-0000-4000-8000-000000000000'

throughBoth('personas', (caller, service) => {
  const call: Caller['call'] = (procedure, input) => caller().call(procedure, input)
  async function made(projectId: string, fields: Record<string, unknown> = {}) {
    const name = `persona ${Math.random()}`
    const { status, value } = await call('personas.create', { projectId, name, ...fields })
    expect(status).toBe(201)
    return value
  }

  describe('create', () => {
    it('answers the persona as it is stored, and get and list answer the same', async () => {
      const projectId = newProjectId()
      const draft = {
        name: 'impatient-user',
        description: 'in a hurry',
        systemPrompt: 'You hurry.',
        headers: { 'X-User-Language': 'en', 'x.dotted$name': '1' },
      }
      const { status, value } = await call('personas.create', { projectId, ...draft })
      expect(status).toBe(201)
      expect(value).toEqual({
        ...draft,
        id: expect.stringMatching(UUID_V4),
        createdAt: expect.stringMatching(ISO),
        version: 1,
        updatedAt: value.createdAt,
      })
      expect((await call('personas.get', { projectId, id: value.id })).value).toEqual(value)
      expect((await call('personas.list', { projectId })).value).toEqual([value])
    })

    it('ignores unknown fields and imageUrl, and takes null as absent', async () => {
      const projectId = newProjectId()
      const value = await made(projectId, {
        name: 'n',
        description: null,
        systemPrompt: null,
        headers: null,
        imageUrl: 'x.png',
        id: NOBODY,
        color: 'red',
      })
      expect(Object.keys(value).sort()).toEqual(['createdAt', 'id', 'name', 'updatedAt', 'version'])
      expect(value.id).not.toBe(NOBODY)
    })

    it('trims names and brings them to NFC, so that two spellings of one name are a conflict', async () => {
      const projectId = newProjectId()
      expect((await made(projectId, { name: '  Zoe\u0308 ' })).name).toBe('Zo\u00eb')
      const again = await call('personas.create', { projectId, name: 'Zo\u00eb' })
      expect(again).toMatchObject({
        status: 409,
        code: 'CONFLICT',
        message: nameTaken.text({ name: 'Zo\u00eb' }),
      })
      await made(projectId, { name: 'zo\u00eb' })
      await made(newProjectId(), { name: 'Zo\u00eb' })
    })

    it.each([
      ['absent', undefined, 'Name is required'],
      ['null', null, 'Name is required'],
      ['empty', '', 'Name is required'],
      ['blank', ' \t\n', 'Name is required'],
      ['a number', 5, 'name must be a string'],
      ['a list', ['a'], 'name must be a string'],
      ['an object', {}, 'name must be a string'],
      ['too long', '😀'.repeat(201), 'name must be at most 200 characters'],
      ['with NUL', 'a\u0000b', 'name must not contain NUL characters'],
      ['with a line break', 'a\nb', 'name must not contain control characters'],
      ['with a control character beyond ASCII', 'a\u0085', 'name must not contain control characters'],
      ['with a lone surrogate', 'a\ud800', 'name must not contain lone surrogates'],
    ])('refuses a name that is %s', async (_, name, message) => {
      const { status, ...rest } = await call('personas.create', { projectId: newProjectId(), name })
      expect({ status, ...rest }).toMatchObject({ status: 400, code: 'BAD_REQUEST', message })
      expect(rest.issues?.[0]).toEqual({ path: 'name', message })
    })

    it('counts code points: 200 of any kind make a name, 2,000 a description, 100,000 a prompt', async () => {
      const projectId = newProjectId()
      const name = '😀'.repeat(200)
      const description = '😀'.repeat(2_000)
      const systemPrompt = 'é'.repeat(100_000)
      expect(await made(projectId, { name, description, systemPrompt })).toMatchObject({
        name,
        description,
        systemPrompt,
      })
      for (const [field, text, max] of [
        ['description', '😀'.repeat(2_001), '2,000'],
        ['systemPrompt', 'a'.repeat(100_001), '100,000'],
      ]) {
        const refused = await call('personas.create', { projectId, name: 'n', [String(field)]: text })
        expect(refused).toMatchObject({ status: 400, message: `${field} must be at most ${max} characters` })
      }
    })

    it.each([
      ['description', 5, 'description must be a string'],
      ['systemPrompt', ['a'], 'systemPrompt must be a string'],
      ['systemPrompt', {}, 'systemPrompt must be a string'],
      ['headers', 'X: y', 'headers must be an object of header names and string values'],
      ['headers', ['a'], 'headers must be an object of header names and string values'],
    ])('refuses %s of another type: %j', async (field, value, message) => {
      const input = { projectId: newProjectId(), name: 'n', [field]: value }
      expect(await call('personas.create', input)).toMatchObject({
        status: 400,
        message,
        issues: [{ path: field, message }],
      })
    })

    it('lets exactly one of 100 simultaneous creates of one name succeed', async () => {
      const projectId = newProjectId()
      const creates = Array.from({ length: 100 }, () => call('personas.create', { projectId, name: 'one' }))
      const statuses = (await Promise.all(creates)).map(({ status }) => status)
      expect(statuses.filter((status) => status === 201)).toHaveLength(1)
      expect(statuses.filter((status) => status === 409)).toHaveLength(99)
      expect((await call('personas.list', { projectId })).value).toHaveLength(1)
    })
  })

  describe('headers', () => {
    const refused = async (headers: unknown) =>
      call('personas.create', { projectId: newProjectId(), name: 'n', headers })

    it.each([
      'Connection',
      'keep-alive',
      'Proxy-Connection',
      'TE',
      'Trailer',
      'Transfer-Encoding',
      'Upgrade',
      'content-LENGTH',
      '__proto__',
    ])('refuse %s, which belongs to the connection', async (name) => {
      const outcome = await refused(JSON.parse(`{"${name}":"x"}`))
      expect(outcome.status).toBe(400)
      expect(outcome.issues?.[0]?.path).toBe(`headers.${name}`)
    })

    it.each([
      ['a space in a name', { 'X A': '1' }, 'headers.X A'],
      ['an empty name', { '': '1' }, 'headers.'],
      ['CR and LF in a value', { 'X-A': '1\r\nX-B: 2' }, 'headers.X-A'],
      ['NUL in a value', { 'X-A': 'a\u0000' }, 'headers.X-A'],
      ['a letter beyond ASCII', { 'X-A': 'é' }, 'headers.X-A'],
      ['a number', { 'X-A': 5 }, 'headers.X-A'],
      ['two names alike but for case', { 'X-A': '1', 'x-a': '2' }, 'headers.x-a'],
      ['65 headers', Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`X-${n}`, '1'])), 'headers'],
      ['more than 8 KiB', { 'X-A': 'a'.repeat(8190) }, 'headers'],
    ])('refuse %s and name the field', async (_, headers, path) => {
      const outcome = await refused(headers)
      expect(outcome.status).toBe(400)
      expect(outcome.issues?.[0]?.path).toBe(path)
    })

    it('take 64 of them, 8 KiB in all, tabs, empty values and every token character', async () => {
      const projectId = newProjectId()
      const many = Object.fromEntries(Array.from({ length: 64 }, (_, n) => [`X-Header-${n}`, `v ${n}\t`]))
      expect((await made(projectId, { headers: many })).headers).toEqual(many)
      const odd = { "!#$%&'*+-.^_`|~09azAZ": '', constructor: 'c', toString: 't' }
      expect((await made(projectId, { headers: odd })).headers).toEqual(odd)
      expect((await made(projectId, { headers: { 'X-A': 'a'.repeat(8189) } })).headers['X-A']).toHaveLength(
        8189,
      )
    })
  })

  describe('get', () => {
    it('answers 404 for an id of nobody, of another project and of no form of id', async () => {
      const projectId = newProjectId()
      const { id } = await made(projectId)
      const ids = [NOBODY, 'x', id.slice(0, 7), `${id}0`, '../..', 'a\u0000b', '%', '💥💥💥💥']
      for (const other of ids) {
        expect(await call('personas.get', { projectId, id: other })).toMatchObject({
          status: 404,
          code: 'NOT_FOUND',
          message: personaNotFound.text,
        })
      }
      expect((await call('personas.get', { projectId: newProjectId(), id })).status).toBe(404)
    })

    it('takes a prefix of at least 8 characters, and ids in upper case', async () => {
      const projectId = newProjectId()
      const persona = await made(projectId)
      for (const id of [persona.id.slice(0, 8), persona.id.slice(0, 20), persona.id.toUpperCase()]) {
        expect((await call('personas.get', { projectId, id })).value).toEqual(persona)
      }
      const updated = await call('personas.update', {
        projectId,
        id: persona.id.slice(0, 8),
        description: 'd',
      })
      expect(updated.value).toMatchObject({ id: persona.id, description: 'd' })
      expect((await call('personas.delete', { projectId, id: persona.id.slice(0, 9) })).status).toBe(204)
    })

    it('refuses an ambiguous prefix and names the count', async () => {
      const projectId = newProjectId()
      const { store } = service()
      for (const tail of ['0001', '0002', '0003']) {
        const id = `abcdef01-0000-4000-8000-00000000${tail}`
        await store.insertPersona(projectId, { id, name: tail }, Date.now())
      }
      for (const procedure of [
        'personas.get',
        'personas.update',
        'personas.delete',
        'personas.generateImage',
      ]) {
        const outcome = await call(procedure, { projectId, id: 'abcdef01' })
        expect(outcome).toMatchObject({ status: 400, code: 'BAD_REQUEST' })
        expect(outcome.message).toContain('3 personas')
      }
    })
  })

  describe('update', () => {
    it('changes the fields given, keeps the others and moves updatedAt on', async () => {
      const projectId = newProjectId()
      const before = await made(projectId, { description: 'd', systemPrompt: 's', headers: { A: '1' } })
      const { status, value } = await call('personas.update', { projectId, id: before.id, systemPrompt: 't' })
      expect(status).toBe(200)
      expect(value).toEqual({ ...before, systemPrompt: 't', version: 2, updatedAt: value.updatedAt })
      expect(value.updatedAt > before.updatedAt).toBe(true)
    })

    it('clears with null, replaces headers whole, and takes an imageUrl', async () => {
      const projectId = newProjectId()
      const { id } = await made(projectId, {
        description: 'd',
        systemPrompt: 's',
        headers: { A: '1', B: '2' },
      })
      const set = await call('personas.update', {
        projectId,
        id,
        headers: { C: '3' },
        imageUrl: 'a_b-c.1.png',
      })
      expect(set.value).toMatchObject({ headers: { C: '3' }, imageUrl: 'a_b-c.1.png' })
      const nulls = { description: null, systemPrompt: null, imageUrl: null, headers: null }
      const cleared = await call('personas.update', { projectId, id, ...nulls })
      expect(Object.keys(cleared.value).sort()).toEqual(['createdAt', 'id', 'name', 'updatedAt', 'version'])
      expect((await call('personas.get', { projectId, id })).value).toEqual(cleared.value)
    })

    it('refuses an empty or null name, a wrong imageUrl and a wrong type, and changes nothing', async () => {
      const projectId = newProjectId()
      const before = await made(projectId)
      for (const [change, message] of [
        [{ name: '' }, 'Name is required'],
        [{ name: null }, 'Name is required'],
        [{ name: 5 }, 'name must be a string'],
        [{ imageUrl: '../a' }, 'imageUrl must be an image id: 1 to 128 of A-Z a-z 0-9 . _ -'],
        [{ imageUrl: '' }, 'imageUrl must be an image id: 1 to 128 of A-Z a-z 0-9 . _ -'],
        [{ imageUrl: 5 }, 'imageUrl must be a string'],
        [{ description: 'x', headers: { TE: 'x' } }, undefined],
      ] as const) {
        const outcome = await call('personas.update', { projectId, id: before.id, ...change })
        expect(outcome.status).toBe(400)
        if (message !== undefined) expect(outcome.message).toBe(message)
      }
      expect((await call('personas.get', { projectId, id: before.id })).value).toEqual(before)
    })

    it('answers 404 for nobody and 409 for a taken name, but takes its own name again', async () => {
      const projectId = newProjectId()
      const [a, b] = [await made(projectId, { name: 'a' }), await made(projectId, { name: 'b' })]
      expect(await call('personas.update', { projectId, id: NOBODY, name: 'x' })).toMatchObject({
        status: 404,
        message: personaNotFound.text,
      })
      expect(await call('personas.update', { projectId, id: b.id, name: 'a' })).toMatchObject({
        status: 409,
        message: nameTaken.text({ name: 'a' }),
      })
      expect((await call('personas.update', { projectId, id: a.id, name: ' a ' })).value).toEqual(a)
    })

    it('leaves updatedAt alone when nothing changes', async () => {
      const projectId = newProjectId()
      const before = await made(projectId, { description: 'd', headers: { A: '1' } })
      const same = { description: 'd', headers: { A: '1' }, imageUrl: null }
      const outcome = await call('personas.update', { projectId, id: before.id, ...same })
      expect(outcome).toMatchObject({ status: 200, value: before })
      expect((await call('personas.update', { projectId, id: before.id })).value).toEqual(before)
    })

    it('keeps two concurrent updates of different fields', async () => {
      const projectId = newProjectId()
      const { id } = await made(projectId)
      await Promise.all([
        call('personas.update', { projectId, id, description: 'd' }),
        call('personas.update', { projectId, id, systemPrompt: 's' }),
        call('personas.update', { projectId, id, headers: { A: '1' } }),
        call('personas.update', { projectId, id, imageUrl: 'x.png' }),
      ])
      expect((await call('personas.get', { projectId, id })).value).toMatchObject({
        description: 'd',
        systemPrompt: 's',
        headers: { A: '1' },
        imageUrl: 'x.png',
      })
    })

    it('goes ahead only while If-Match holds, and exactly once for many with the same one', async () => {
      const projectId = newProjectId()
      const { id, updatedAt } = await made(projectId)
      const stale = { projectId, id, ifMatch: '2020-01-01T00:00:00.000Z' }
      const error = { status: 412, code: 'PRECONDITION_FAILED' }
      expect(await call('personas.update', { ...stale, description: 'x' })).toMatchObject(error)
      expect(await call('personas.delete', stale)).toMatchObject(error)
      const updates = Array.from({ length: 10 }, (_, n) =>
        call('personas.update', { projectId, id, ifMatch: updatedAt, description: `d${n}` }),
      )
      const statuses = (await Promise.all(updates)).map(({ status }) => status).sort()
      expect(statuses).toEqual([200, ...Array(9).fill(412)])
      const now = (await call('personas.get', { projectId, id })).value
      expect((await call('personas.delete', { projectId, id, ifMatch: [updatedAt] })).status).toBe(412)
      expect(
        (await call('personas.delete', { projectId, id, ifMatch: [updatedAt, now.updatedAt] })).status,
      ).toBe(204)
    })
  })

  describe('delete', () => {
    it('takes the persona away, and its name with it', async () => {
      const projectId = newProjectId()
      const { id } = await made(projectId, { name: 'n' })
      const outcome = await call('personas.delete', { projectId, id })
      expect(outcome).toMatchObject({ status: 204 })
      expect(outcome.value).toBeUndefined()
      expect(await call('personas.delete', { projectId, id })).toMatchObject({
        status: 404,
        message: personaNotFound.text,
      })
      await made(projectId, { name: 'n' })
    })
  })

  describe('list', () => {
    it('is empty for a project that nothing is known of', async () => {
      expect(await call('personas.list', { projectId: newProjectId() })).toMatchObject({
        status: 200,
        value: [],
      })
    })

    it('is ordered by creation, even within one millisecond', async () => {
      const projectId = newProjectId()
      const ids: string[] = []
      for (let n = 0; n < 30; n += 1) ids.push((await made(projectId)).id)
      const { value } = await call('personas.list', { projectId })
      expect(value.map(({ id }: { id: string }) => id)).toEqual(ids)
    })

    it.each([
      [{ limit: 0 }, 'limit must be a whole number from 1 to 500'],
      [{ limit: 501 }, 'limit must be a whole number from 1 to 500'],
      [{ limit: 1.5 }, 'limit must be a whole number from 1 to 500'],
      [{ limit: 'abc' }, 'limit must be a whole number from 1 to 500'],
      [{ limit: '' }, 'limit must be a whole number from 1 to 500'],
      [{ cursor: 'nonsense' }, badCursor.text],
      [{ cursor: '' }, badCursor.text],
    ])('refuses %j', async (page, message) => {
      const outcome = await call('personas.list', { projectId: newProjectId(), ...page })
      expect(outcome).toMatchObject({ status: 400, message, issues: [{ message }] })
    })
  })

  describe('mergeHeaders', () => {
    it('lets the persona win, in the connector’s place and its own spelling', async () => {
      const projectId = newProjectId()
      const { id } = await made(projectId, { headers: { 'x-LANG': 'en', 'X-New': 'n' } })
      const headers = { 'X-Lang': 'de', Connection: 'keep-alive', Accept: '*/*' }
      const { status, value } = await call('personas.mergeHeaders', { projectId, id, headers })
      expect(status).toBe(200)
      expect(Object.entries(value.headers)).toEqual([
        ['x-LANG', 'en'],
        ['Connection', 'keep-alive'],
        ['Accept', '*/*'],
        ['X-New', 'n'],
      ])
    })

    it('holds the connector’s headers to the syntax, and needs them', async () => {
      const projectId = newProjectId()
      const { id } = await made(projectId)
      const bad = await call('personas.mergeHeaders', { projectId, id, headers: { 'X A': '1' } })
      expect(bad).toMatchObject({ status: 400, issues: [{ path: 'headers.X A' }] })
      expect((await call('personas.mergeHeaders', { projectId, id })).status).toBe(400)
      expect((await call('personas.mergeHeaders', { projectId, id, headers: {} })).value).toEqual({
        headers: {},
      })
      expect((await call('personas.mergeHeaders', { projectId, id: NOBODY, headers: {} })).status).toBe(404)
    })
  })

  describe('generateImage', () => {
    it('says what is missing: persona, prompt, provider, OpenAI', async () => {
      const projectId = newProjectId()
      const bare = await made(projectId)
      const { id } = await made(projectId, { systemPrompt: 's' })
      const error = async (input: object) => call('personas.generateImage', { projectId, ...input })
      expect(await error({ id: NOBODY })).toMatchObject({ status: 404, message: personaNotFound.text })
      expect(await error({ id: bare.id })).toMatchObject({
        status: 400,
        message: noSystemPrompt.text,
      })
      expect(await error({ id })).toMatchObject({ status: 400, message: noProvider.text })
      await call('projects.updateConfig', {
        projectId,
        llmSettings: { provider: 'anthropic', apiKey: 'sk-ant-0123456789' },
      })
      expect(await error({ id })).toMatchObject({ status: 400, message: notOpenAi.text })
    })
  })

  describe('project ids', () => {
    it.each([
      ['spaces and slashes', 'a/b c?d#e%20%2F'],
      ['another script', 'проект-日本'],
      ['128 astral characters', '😀'.repeat(128)],
      ['dots', '...'],
    ])('may hold %s', async (_, part) => {
      const projectId = part.length > 100 ? part : `${part}${newProjectId()}`.slice(0, 128)
      const persona = await made(projectId)
      expect((await call('personas.get', { projectId, id: persona.id })).value).toEqual(persona)
    })

    it.each([
      ['.', 'projectId must not be . or ..'],
      ['..', 'projectId must not be . or ..'],
      ['a\u0001', 'projectId must not contain control characters'],
      ['a\u0085', 'projectId must not contain control characters'],
      ['a'.repeat(129), 'projectId must have 1 to 128 characters'],
    ])('may not be %j', async (projectId, message) => {
      // fetch itself resolves a segment of dots, encoded or not, so these two go through tRPC alone.
      if (caller().name === 'REST' && projectId.startsWith('.')) return
      expect(await call('personas.list', { projectId })).toMatchObject({ status: 400, message })
    })
  })
})
