import { expect, it } from 'vitest'
import { readGauges } from '../support/gauges.js'
import { newProjectId } from '../support/helper.js'
import { onEveryStore } from '../support/matrix.js'

const TYPES = {
  json: 'application/json',
  jsonl: 'application/x-ndjson',
  yaml: 'application/yaml',
  csv: 'text/csv',
}

onEveryStore('exporting personas', (service) => {
  // Just above a step of an import, and a page of an export.
  const drafts = Array.from({ length: 210 }, (_, at) => ({
    name: `Persona ${at}`,
    ...(at % 2 === 0 && {
      systemPrompt: `You are\n${at}: "${'x'.repeat(11_000)}"\n`,
      tags: ['even', 'a, b'],
    }),
    ...(at % 3 === 0 && {
      headers: { 'X-A': '=1' },
      metadata: { 'a.b': '', n: String(at) },
      description: '',
    }),
  }))

  it('a file in any format comes back the same in an empty project, and then as unchanged', async () => {
    const projectId = newProjectId()
    const { send, client, url } = service()
    const fill = await client.personas.import.mutate({ projectId, personas: drafts })
    expect(fill.created).toBe(drafts.length)
    const given = ({ name, description, systemPrompt, headers, tags, metadata }: any) => {
      return { name, description, systemPrompt, headers, tags, metadata }
    }
    const all = (await client.personas.list.query({ projectId })).map(given)
    expect(all).toEqual(drafts.map(given))
    for (const [format, type] of Object.entries(TYPES)) {
      const exported = await send(`/api/projects/${projectId}/personas/export?format=${format}`)
      expect(exported.headers.get('content-type')).toBe(`${type}; charset=utf-8`)
      expect(exported.headers.get('content-disposition')).toBe(
        `attachment; filename="${projectId}.${format}"`,
      )
      const body = await exported.text()
      const copy = newProjectId()
      const bring = async () => {
        const path = `/api/projects/${copy}/personas/import`
        return (await send(path, { method: 'POST', headers: { 'content-type': type }, body })).json() as any
      }
      expect(await bring(), format).toMatchObject({ created: drafts.length, failed: 0 })
      expect(await bring(), format).toMatchObject({ unchanged: drafts.length })
      expect((await client.personas.list.query({ projectId: copy })).map(given)).toEqual(all)
    }
    const gauges = await readGauges(url)
    for (const limit of ['imports', 'exports']) expect(gauges[`limit_used{limit="${limit}"}`]).toBe(0)
  }, 60_000)

  it('takes the filters of the list', async () => {
    const projectId = newProjectId()
    const { send, client } = service()
    await client.personas.import.mutate({ projectId, personas: drafts.slice(0, 5) })
    const names = async (query: string) => {
      const exported = await send(`/api/projects/${projectId}/personas/export?${query}`)
      return ((await exported.json()) as { name: string }[]).map(({ name }) => name)
    }
    expect(await names('tag=even&sort=-name')).toEqual(['Persona 4', 'Persona 2', 'Persona 0'])
    expect(await names('name=Persona+3')).toEqual(['Persona 3'])
    for (const q of ['nobody', '%CC%81']) expect(await names(`q=${q}`)).toEqual([])
    const head = await send(`/api/projects/${projectId}/personas/export`, { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
  })
})
