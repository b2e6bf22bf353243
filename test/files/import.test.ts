import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { nameTaken, pruneNeedsUpsert } from '../../src/errors/personas.js'
import type { ImportReport, ImportResult } from '../../src/files/schema.js'
import type { Persona } from '../../src/personas/schema.js'
import { newProjectId, type Running } from '../support/helper.js'
import { onEveryStore, throughBoth } from '../support/matrix.js'

const MIB = 1024 * 1024

function counts({ created, updated, unchanged, deleted, failed }: ImportReport) {
  return { created, updated, unchanged, deleted, failed }
}

const NOTHING = { created: 0, updated: 0, unchanged: 0, deleted: 0, failed: 0 }

function drafts(count: number, more: object = {}): { name: string }[] {
  return Array.from({ length: count }, (_, at) => ({ name: `Persona ${at}`, ...more }))
}

throughBoth('importing personas', (caller, service) => {
  const bring = async (input: Record<string, unknown>): Promise<ImportReport> => {
    const { status, value, message } = await caller().call('personas.import', input)
    expect([status, message]).toEqual([200, undefined])
    return value
  }
  const list = (projectId: string): Promise<Persona[]> => service().client.personas.list.query({ projectId })

  it('creates what is new and changes what is there, field by field, in the order of the file', async () => {
    const projectId = newProjectId()
    const given = [
      { name: 'b', description: 'x', tags: ['t'] },
      { name: 'a', headers: { 'X-A': 'b' } },
    ]
    expect(counts(await bring({ projectId, personas: given }))).toEqual({ ...NOTHING, created: 2 })
    const before = await list(projectId)
    expect(before.map(({ name }) => name)).toEqual(['b', 'a'])
    const changes = [{ name: 'a', headers: null }, { name: 'b', systemPrompt: 'y' }, { name: 'c' }]
    const report = await bring({ projectId, personas: changes })
    expect(counts(report)).toEqual({ ...NOTHING, created: 1, updated: 2 })
    const [b, a, c] = await list(projectId)
    expect(b).toMatchObject({ name: 'b', description: 'x', tags: ['t'], systemPrompt: 'y', version: 2 })
    expect(a).not.toHaveProperty('headers')
    expect(report.results.map(({ id }) => id)).toEqual([a?.id, b?.id, c?.id])
  })

  it('writes nothing for personas that are as the file says', async () => {
    const projectId = newProjectId()
    const personas = drafts(210, { systemPrompt: 'same', tags: ['x'] })
    expect(counts(await bring({ projectId, personas }))).toEqual({ ...NOTHING, created: 210 })
    const before = await list(projectId)
    expect(before.map(({ name }) => name)).toEqual(personas.map(({ name }) => name))
    expect(counts(await bring({ projectId, personas }))).toEqual({ ...NOTHING, unchanged: 210 })
    expect(await list(projectId)).toEqual(before)
  })

  it('refuses rows one by one, with the messages of create and update', async () => {
    const projectId = newProjectId()
    await bring({ projectId, personas: [{ name: 'there' }] })
    const wrong = { systemPrompt: 5, headers: { 'Content-Length': '1' }, tags: ['a', 'A'] }
    const personas = [
      {},
      { name: 'new', ...wrong },
      { name: 'there', ...wrong },
      'x',
      { name: ' ok ', nmae: 1 },
      { name: 'ok' },
    ]
    const { results, ...totals } = await bring({ projectId, personas })
    expect(totals).toMatchObject({ created: 1, failed: 5 })
    const single = await caller().call('personas.create', { projectId, name: 'new', ...wrong })
    const [noName, created, updated, text, ok, twice] = results.map(({ issues = [] }) => issues)
    expect(noName).toEqual([{ path: 'name', message: 'Name is required', severity: 'error' }])
    for (const issues of [created, updated]) {
      expect(issues).toEqual(single.issues?.map((issue) => ({ ...issue, severity: 'error' })))
    }
    expect(text?.[0]?.message).toBe('input must be an object')
    expect(ok).toEqual([
      { path: 'nmae', message: 'nmae is not known: did you mean name?', severity: 'warning' },
    ])
    expect(twice?.[0]?.message).toBe('Another row of the file has the name "ok"')
    expect(results.map(({ row }) => row)).toEqual([1, 2, 3, 4, 5, 6])
  })

  it('mode=create refuses names that are taken', async () => {
    const projectId = newProjectId()
    await bring({ projectId, personas: [{ name: 'a' }] })
    const report = await bring({
      projectId,
      mode: 'create',
      personas: [{ name: 'a', description: 'x' }, { name: 'b' }],
    })
    expect(counts(report)).toEqual({ ...NOTHING, created: 1, failed: 1 })
    expect(report.results[0]?.issues?.[0]?.message).toBe(nameTaken({ name: 'a' }).message)
    expect((await list(projectId))[0]).not.toHaveProperty('description')
  })

  it('prune deletes what is not in the file, but not where a row failed', async () => {
    const projectId = newProjectId()
    await bring({ projectId, personas: drafts(3) })
    const failing = await bring({ projectId, prune: true, personas: [{ name: 'Persona 0' }, {}] })
    expect(counts(failing)).toEqual({ ...NOTHING, unchanged: 1, failed: 1 })
    expect(await list(projectId)).toHaveLength(3)
    const { deleted, results } = await bring({ projectId, prune: true, personas: [{ name: 'Persona 1' }] })
    expect(deleted).toBe(2)
    expect(results.slice(1).map(({ name, action }) => [name, action])).toEqual([
      ['Persona 0', 'deleted'],
      ['Persona 2', 'deleted'],
    ])
    expect((await list(projectId)).map(({ name }) => name)).toEqual(['Persona 1'])
    const refused = await caller().call('personas.import', {
      projectId,
      prune: true,
      mode: 'create',
      personas: [],
    })
    expect([refused.status, refused.message]).toEqual([400, pruneNeedsUpsert.text])
  })

  it('a dry run says what would happen, and changes nothing', async () => {
    const projectId = newProjectId()
    await bring({ projectId, personas: [{ name: 'same' }, { name: 'changed' }, { name: 'gone' }] })
    const before = await list(projectId)
    const input = {
      projectId,
      prune: true,
      personas: [{ name: 'same' }, { name: 'changed', tags: ['x'] }, { name: 'new' }],
    }
    const dry = await bring({ ...input, dryRun: true })
    expect(dry.dryRun).toBe(true)
    expect(await list(projectId)).toEqual(before)
    const wet = await bring(input)
    const shown = ({ results }: ImportReport) => results.map(({ name, action }) => [name, action])
    expect(shown(dry)).toEqual(shown(wet))
    expect(counts(dry)).toEqual(counts(wet))
  })

  it('two of the same file at once end in the state of one', async () => {
    const projectId = newProjectId()
    const before = drafts(30, { description: 'old' })
    await bring({ projectId, personas: before.slice(0, 15) })
    const personas = drafts(30, { description: 'new' })
    const reports = await Promise.all([bring({ projectId, personas }), bring({ projectId, personas })])
    for (const { failed } of reports) expect(failed).toBe(0)
    const all = await list(projectId)
    expect(all).toHaveLength(30)
    expect(new Set(all.map(({ description }) => description))).toEqual(new Set(['new']))
    expect(counts(await bring({ projectId, personas }))).toEqual({ ...NOTHING, unchanged: 30 })
  })

  it('takes no more than 5,000 personas', async () => {
    const refused = await caller().call('personas.import', {
      projectId: newProjectId(),
      personas: drafts(5_001),
    })
    expect(refused.status).toBe(400)
    expect(refused.message).toContain('at most 5,000 personas')
  })

  it('rows of known data sets become personas of the same names each time', async () => {
    const projectId = newProjectId()
    const nemotron = {
      uuid: '0a1b2c3d4e5f',
      persona: 'Mary, a nurse',
      professional_persona: 'Works nights',
      age: 34,
      city: 'Reno',
    }
    const tiny = {
      type: 'TinyPerson',
      persona: { name: 'Lisa', age: 28, occupation: { title: 'Scientist' } },
    }
    const personas = [{ persona: 'A chemist who likes cats' }, nemotron, tiny]
    expect(counts(await bring({ projectId, personas }))).toEqual({ ...NOTHING, created: 3 })
    expect(counts(await bring({ projectId, personas }))).toEqual({ ...NOTHING, unchanged: 3 })
    const [hub, mary, lisa] = await list(projectId)
    expect(hub).toMatchObject({
      name: expect.stringMatching(/^A chemist who likes cats \([0-9a-f]{8}\)$/),
      systemPrompt: 'A chemist who likes cats',
    })
    expect(mary).toMatchObject({ name: 'Mary, a nurse (0a1b2c3d)', metadata: { uuid: '0a1b2c3d4e5f' } })
    expect(mary?.systemPrompt).toBe('Mary, a nurse\n\nWorks nights\n\nage: 34\ncity: Reno')
    expect(lisa?.systemPrompt).toContain('occupation:\n  title: Scientist')
  })

  it('a row of more than any persona fails by itself, and what a text is made of may be anything', async () => {
    const projectId = newProjectId()
    const odd = { toString: 1 }
    const personas = [
      { name: 'a', extra: Array.from({ length: 200 }, () => Array.from({ length: 100 }, () => 1)) },
      { name: 'b' },
      { uuid: '0a1b2c3d', persona: 'Mary', skills: odd },
      { spec: 'chara_card_v3', data: { name: 'c', nickname: odd, description: '{{char}}' } },
      { spec: 'chara_card_v2', data: { name: 'd'.repeat(900_000), description: '{{char}}'.repeat(900_000) } },
    ]
    const { results } = await bring({ projectId, personas })
    expect(results.map(({ action }) => action)).toEqual(['failed', 'created', 'created', 'created', 'failed'])
    expect(results[0]?.issues?.[0]?.message).toBe('A persona of a file holds at most 20,000 values')
    expect((await list(projectId)).map(({ systemPrompt }) => systemPrompt)).toEqual([
      undefined,
      'Mary\n\nskills: {"toString":1}',
      'c',
    ])
  })

  it('a large import does not raise the limits of other calls', async () => {
    const systemPrompt = 'x'.repeat(20_000)
    const projectId = newProjectId()
    expect(counts(await bring({ projectId, personas: drafts(60, { systemPrompt }) })).created).toBe(60)
    const headers = Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`X-${at}`, 'v']))
    expect(
      counts(await bring({ projectId: newProjectId(), personas: drafts(400, { headers }) })).created,
    ).toBe(400)
    const other = await caller().call('personas.mergeHeaders', {
      projectId,
      id: '12345678',
      headers: drafts(30_000) as never,
    })
    expect([400, 413]).toContain(other.status)
  })
})

async function send(
  service: Running,
  projectId: string,
  [type, body, query = '']: [string, string | Buffer, string?],
) {
  const response = await service.send(`/api/projects/${projectId}/personas/import${query}`, {
    method: 'POST',
    headers: { 'content-type': type },
    body: new Uint8Array(Buffer.from(body as string)),
  })
  return { status: response.status, value: (await response.json()) as any }
}

onEveryStore('importing files', (service) => {
  it('each format, and its other media types', async () => {
    const files: [string, string][] = [
      ['application/json', '[{"name":"a"}]'],
      ['application/json; charset=utf-8', '{"personas":[{"name":"a"}]}'],
      ['application/x-ndjson', '{"name":"a"}\n'],
      ['application/jsonl', '{"name":"a"}'],
      ['application/yaml', '- name: a\n'],
      ['text/yaml', 'name: a\n'],
      ['Text/CSV', 'name\na\n'],
      ['text/markdown', '---\nname: a\n---\n'],
    ]
    const projectId = newProjectId()
    for (const [at, file] of files.entries()) {
      const { status, value } = await send(service(), projectId, file)
      expect([file, status], JSON.stringify(value)).toEqual([file, 200])
      expect(counts(value)).toEqual({ ...NOTHING, [at === 0 ? 'created' : 'unchanged']: 1 })
    }
  })

  it('names the line of each row, and the file as the place of what cannot be read', async () => {
    const projectId = newProjectId()
    const { value } = await send(service(), projectId, ['text/csv', 'name,tags\na,x\n,y\n'])
    expect(value.results.map(({ row, line, action }: ImportResult) => [row, line, action])).toEqual([
      [1, 2, 'created'],
      [2, 3, 'failed'],
    ])
    const broken = await send(service(), projectId, ['application/json', '[{"name":"b"},\n{"name":}]'])
    expect([broken.status, broken.value.message]).toEqual([
      400,
      'The file is not valid JSON at line 2, column 9',
    ])
    expect(broken.value.issues[0].path).toBe('body')
    expect(await service().client.personas.list.query({ projectId })).toHaveLength(1)
  })

  it('takes options from the query and beside the personas in JSON; the query wins', async () => {
    const projectId = newProjectId()
    const dry = await send(service(), projectId, [
      'application/json',
      '{"personas":[{"name":"a"}],"dryRun":true}',
    ])
    expect(dry.value.dryRun).toBe(true)
    const wet = '{"personas":[{"name":"a"}],"dryRun":true}'
    expect((await send(service(), projectId, ['application/json', wet, '?dryRun=false'])).value.dryRun).toBe(
      false,
    )
    const wrong = await send(service(), projectId, ['application/json', '{"personas":[],"dryRun":"yes"}'])
    expect([wrong.status, wrong.value.message]).toEqual([400, 'dryRun must be true or false'])
    expect((await send(service(), projectId, ['application/json', '[]', '?dryRun=1'])).status).toBe(400)
  })

  it('refuses other types, compressed bodies, and what is too large', async () => {
    const projectId = newProjectId()
    const other = await send(service(), projectId, ['application/xml', '<a/>'])
    expect(other.status).toBe(415)
    expect(other.value.message).toBe(
      'Content-Type must be one of application/json, application/x-ndjson, application/yaml, text/csv, text/markdown, image/png',
    )
    const zipped = await service().send(`/api/projects/${projectId}/personas/import`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      body: new Uint8Array(gzipSync('[{"name":"a"}]')),
    })
    expect(zipped.status).toBe(415)
    const large = await send(service(), projectId, ['text/csv', `name\n${'a'.repeat(11 * MIB)}`])
    expect([large.status, large.value.message]).toEqual([413, 'Request body must be at most 10 MiB'])
    expect((await send(service(), projectId, ['application/json', ''])).value.message).toBe(
      'The file is empty',
    )
  })

  it('strict: rows fail for what is not known of them, and the query is refused for it', async () => {
    const strict = service().as({ prefer: 'handling=strict' })
    const { value } = await send(strict, newProjectId(), ['application/json', '[{"name":"a","nmae":1}]'])
    expect(counts(value)).toEqual({ ...NOTHING, failed: 1 })
    expect((await send(strict, newProjectId(), ['application/json', '[]', '?dryrun=true'])).status).toBe(400)
    expect(
      (await send(strict, newProjectId(), ['application/json', '{"personas":[],"modus":1}'])).status,
    ).toBe(400)
  })

  it('an import that was broken off is sent again and ends in the same state', async () => {
    const projectId = newProjectId()
    const rows = drafts(450, { description: 'x' })
    const body = JSON.stringify(rows)
    const abort = new AbortController()
    const first = service().send(`/api/projects/${projectId}/personas/import`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      signal: abort.signal,
    })
    setTimeout(() => abort.abort(), 50)
    await first.catch(() => undefined)
    const { status, value } = await send(service(), projectId, ['application/json', body])
    expect([status, value.failed]).toEqual([200, 0])
    const all = await service().client.personas.list.query({ projectId })
    expect(all.map(({ name }) => name).sort()).toEqual(rows.map(({ name }) => name).sort())
  })
})
