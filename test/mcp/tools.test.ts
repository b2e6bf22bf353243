import type { Client } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { otherProject } from '../../src/errors/access.js'
import { nameTaken, personaNotFound } from '../../src/errors/personas.js'
import { noProvider } from '../../src/errors/portraits.js'
import { type ChatApi, startChatApi, turn } from '../simulation/chat-api.js'
import { busyGauges } from '../support/gauges.js'
import { databases, newProjectId, type Running, startService } from '../support/helper.js'
import { callTool, connectAgent, eras } from './agents.js'

const PROMPT = 'You want your money back.'
const KEYS = { all: 'key-for-all-projects-01', one: 'key-for-one-project-0001' }

let api: ChatApi
beforeAll(async () => {
  api = await startChatApi()
})
afterAll(() => api.close())

describe.each(databases)('MCP on $name', (database) => {
  let service: Running
  beforeAll(async () => {
    service = await startService(database, { env: { OPENAI_BASE_URL: api.url, PERSONA_MODELS: 'model-a' } })
  })
  afterAll(async () => {
    expect(await busyGauges(service.url)).toEqual({})
    await service.close()
  })

  async function configured(): Promise<string> {
    const projectId = newProjectId()
    const llmSettings = { provider: 'openai', apiKey: `sk-test-0123456789-${projectId}` }
    await service.client.projects.updateConfig.mutate({ projectId, llmSettings })
    return projectId
  }

  describe.each(Object.keys(eras) as (keyof typeof eras)[])('in the protocol of %s', (era) => {
    let agent: Client
    beforeAll(async () => {
      agent = await connectAgent(service.url, { era })
    })
    afterAll(() => agent.close())

    it('speaks the version that the client speaks', () => {
      expect(agent.getNegotiatedProtocolVersion()).toBe(era)
    })

    it('makes, finds, changes, reverts and deletes personas as REST does', async () => {
      const projectId = newProjectId()
      const given = { name: 'angry', description: 'wants a refund', systemPrompt: PROMPT, tags: ['billing'] }
      const { value: created } = await callTool(agent, 'personas_create', { projectId, ...given })
      const { id } = created
      const asked = async (path: string) => (await service.send(`/api/projects/${projectId}${path}`)).json()
      expect(created).toEqual(await asked(`/personas/${id}`))

      const { systemPrompt, ...short } = created
      const found = await callTool(agent, 'personas_list', { projectId, q: 'refund', tags: ['BILLING'] })
      expect(found.value).toEqual({ items: [short] })
      expect(JSON.parse((found.content[0] as { text: string }).text)).toEqual(found.value)
      const full = await callTool(agent, 'personas_list', { projectId, full: true })
      expect(full.value).toEqual({ items: [{ ...short, systemPrompt }] })
      expect((await callTool(agent, 'personas_tags', { projectId })).value).toEqual({
        items: [{ tag: 'billing', count: 1 }],
      })

      const change = { projectId, id, description: null, ifMatch: created.updatedAt }
      const { value: changed } = await callTool(agent, 'personas_update', change)
      expect(changed).toMatchObject({ version: 2, systemPrompt: PROMPT })
      expect(changed).not.toHaveProperty('description')
      const versions = await callTool(agent, 'personas_versions', { projectId, id })
      expect(versions.value.items.map((each: { version: number }) => each.version)).toEqual([2, 1])
      const { value: reverted } = await callTool(agent, 'personas_revert', { projectId, id, version: 1 })
      expect(reverted).toMatchObject({ version: 3, description: 'wants a refund' })
      const merged = await callTool(agent, 'personas_mergeHeaders', {
        projectId,
        id,
        headers: { 'X-A': '1' },
      })
      expect(merged.value).toEqual({ headers: { 'X-A': '1' } })
      expect((await callTool(agent, 'personas_prompt', { projectId, id })).value).toEqual(
        await asked(`/personas/${id}/prompt`),
      )
      const deleted = await callTool(agent, 'personas_delete', { projectId, id })
      expect(deleted).toEqual({ value: undefined, content: [{ type: 'text', text: 'Done.' }] })
      expect(await asked('/personas')).toEqual([])
    })

    it('pages through lists, 20 at a time unless the agent says otherwise', async () => {
      const projectId = newProjectId()
      for (let n = 0; n < 25; n += 1) {
        await service.client.personas.create.mutate({ projectId, name: `persona ${n}` })
      }
      const first = (await callTool(agent, 'personas_list', { projectId })).value
      expect(first.items).toHaveLength(20)
      const second = (await callTool(agent, 'personas_list', { projectId, cursor: first.nextCursor })).value
      expect(second.items.map(({ name }: { name: string }) => name)).toEqual(
        [20, 21, 22, 23, 24].map((n) => `persona ${n}`),
      )
      expect(second).not.toHaveProperty('nextCursor')
      expect((await callTool(agent, 'personas_list', { projectId, limit: 2 })).value.items).toHaveLength(2)
    })

    it('ends pages that no agent would read early, with the cursor of the next', async () => {
      const projectId = newProjectId()
      for (let n = 0; n < 5; n += 1) {
        const systemPrompt = 'é'.repeat(60_000)
        await service.client.personas.create.mutate({ projectId, name: `persona ${n}`, systemPrompt })
      }
      const names: string[] = []
      let cursor: string | undefined
      do {
        const input = { projectId, full: true, limit: 500, ...(cursor && { cursor }) }
        const { value } = await callTool(agent, 'personas_list', input)
        expect(Buffer.byteLength(JSON.stringify(value.items))).toBeLessThan(256 * 1024)
        names.push(...value.items.map(({ name }: { name: string }) => name))
        cursor = value.nextCursor
      } while (cursor !== undefined)
      expect(names).toEqual([0, 1, 2, 3, 4].map((n) => `persona ${n}`))
    })

    it('returns errors of the procedures as errors of the tool, with the same message', async () => {
      const projectId = newProjectId()
      const { id } = await service.client.personas.create.mutate({
        projectId,
        name: 'a',
        systemPrompt: PROMPT,
      })
      const error = async (name: string, args: object) =>
        (await callTool(agent, name, { projectId, ...args })).error
      expect(await error('personas_get', { id: '00000000-0000-4000-8000-000000000000' })).toBe(
        personaNotFound().message,
      )
      expect(await error('personas_create', { name: 'a' })).toBe(nameTaken({ name: 'a' }).message)
      expect(await error('personas_simulate', { id })).toBe(noProvider().message)
      expect(await error('personas_create', {})).toBe('Name is required')
      expect(await error('personas_list', { limit: 0 })).toMatch(/^limit must be/)
      const misspelt = await callTool(agent, 'personas_get', { projectId, id, verson: 1 })
      expect(misspelt.error).toBe('verson is not known: did you mean version?')
      expect(misspelt.details.issues).toEqual([{ path: 'verson', message: misspelt.error }])
    })

    it('takes `full` as true or false alone, and names it among what is known', async () => {
      const projectId = newProjectId()
      const { error } = await callTool(agent, 'personas_list', { projectId, full: 'yes' })
      expect(error).toBe('full must be true or false')
      expect((await callTool(agent, 'personas_list', { projectId, fulll: true })).error).toBe(
        'fulll is not known: did you mean full?',
      )
      expect((await callTool(agent, 'personas_get', { projectId, id: 'x', full: true })).error).toMatch(
        /^full is not known/,
      )
    })

    it('gives the persona that is named, whatever else is sent, and lists no name twice', async () => {
      const projectId = newProjectId()
      const made = (name: string) =>
        service.client.personas.create.mutate({ projectId, name, systemPrompt: `You are ${name}.` })
      const [, other] = [await made('persona'), await made('other')]
      const own = await connectAgent(service.url, { era, path: `/mcp?projectId=${projectId}` })
      expect((await own.listPrompts()).prompts.map(({ name }) => name)).toEqual(['persona', 'other'])
      const args = { projectId, name: 'persona' }
      const { messages } = await own.getPrompt({ name: 'persona', arguments: args })
      expect(JSON.stringify(messages)).toContain('You are persona.')
      for (const prompt of ['persona', 'other']) {
        const sent = { ...(prompt === 'persona' && args), id: other.id }
        await expect(own.getPrompt({ name: prompt, arguments: sent })).rejects.toThrow('id is not known')
      }
      await own.close()
    })

    it('completes names by their letters, past what other fields hold', async () => {
      const projectId = newProjectId()
      for (let n = 0; n < 120; n += 1) {
        const name = `a ${String(n).padStart(3, '0')}`
        await service.client.personas.create.mutate({ projectId, name, tags: ['jose'] })
      }
      for (const name of ['José', 'Zoe JOSEFINE']) {
        await service.client.personas.create.mutate({ projectId, name })
      }
      const complete = async (value: string, ref = 'persona') => {
        const argument = { name: 'name', value }
        const context = { arguments: { projectId } }
        return (await agent.complete({ ref: { type: 'ref/prompt', name: ref }, argument, context }))
          .completion
      }
      expect(await complete('jose')).toEqual({ values: ['José', 'Zoe JOSEFINE'], total: 2, hasMore: false })
      const all = await complete('')
      expect([all.values.length, all.total, all.hasMore]).toEqual([100, 122, true])
      for (const value of ['x'.repeat(300), 'a\u0000']) expect((await complete(value)).values).toEqual([])
      expect((await complete('jose', 'José')).values).toEqual([])
    })

    it('refuses tools that are none', async () => {
      await expect(callTool(agent, 'projects_delete', { projectId: 'a' })).rejects.toThrow(
        'Unknown tool projects_delete',
      )
      await expect(callTool(agent, '__proto__', {})).rejects.toThrow('Unknown tool __proto__')
    })

    it('speaks as a persona, and writes drafts of personas', async () => {
      const projectId = await configured()
      const { id } = await service.client.personas.create.mutate({
        projectId,
        name: 'a',
        systemPrompt: PROMPT,
      })
      api.reply(turn('Where is my refund?'))
      const { value } = await callTool(agent, 'personas_simulate', { projectId, id })
      expect(value).toMatchObject({ message: { role: 'user', content: 'Where is my refund?' }, done: false })
    })

    it('offers the personas of its project as prompts, and completes their names', async () => {
      const projectId = newProjectId()
      for (const name of ['angry Anna', 'billing Bob']) {
        await service.client.personas.create.mutate({
          projectId,
          name,
          systemPrompt: PROMPT,
          description: `is ${name}`,
        })
      }
      const own = await connectAgent(service.url, { era, path: `/mcp?projectId=${projectId}` })
      const { prompts } = await own.listPrompts()
      expect(prompts.map(({ name, description }) => [name, description]).slice(1)).toEqual([
        ['angry Anna', 'is angry Anna'],
        ['billing Bob', 'is billing Bob'],
      ])
      const { system } = await service.client.personas.prompt.query({
        projectId,
        id: (await service.client.personas.list.query({ projectId, name: 'angry Anna' }))[0]?.id ?? '',
        goal: 'a refund',
      })
      const played = { messages: [{ role: 'user', content: { type: 'text', text: system } }] }
      expect(await own.getPrompt({ name: 'angry Anna', arguments: { goal: 'a refund' } })).toMatchObject(
        played,
      )
      await own.close()

      expect((await agent.listPrompts()).prompts.map(({ name }) => name)).toEqual(['persona'])
      const args = { projectId, name: 'angry Anna', goal: 'a refund' }
      expect(await agent.getPrompt({ name: 'persona', arguments: args })).toMatchObject(played)
      await expect(
        agent.getPrompt({ name: 'persona', arguments: { projectId, name: 'Zoe' } }),
      ).rejects.toThrow('There is no persona of this name in the project: Zoe')
      await expect(agent.getPrompt({ name: 'persona' })).rejects.toThrow(
        'needs the arguments projectId and name',
      )

      const ref = { type: 'ref/prompt' as const, name: 'persona' }
      const names = await agent.complete({
        ref,
        argument: { name: 'name', value: 'BIL' },
        context: { arguments: { projectId } },
      })
      expect(names.completion.values).toEqual(['billing Bob'])
      const projects = await agent.complete({
        ref,
        argument: { name: 'projectId', value: projectId.slice(0, 30) },
      })
      expect(projects.completion.values).toEqual([projectId])
      const goals = await agent.complete({ ref, argument: { name: 'goal', value: '' } })
      expect(goals.completion.values).toEqual([])
    })
  })

  it('answers two hundred calls at once', async () => {
    const projectId = newProjectId()
    const agent = await connectAgent(service.url)
    const calls = Array.from({ length: 200 }, (_, n) =>
      callTool(agent, n % 2 === 0 ? 'personas_create' : 'personas_list', {
        projectId,
        ...(n % 2 === 0 && { name: `persona ${n}` }),
      }),
    )
    expect((await Promise.all(calls)).filter(({ error }) => error !== undefined)).toEqual([])
    expect(await service.client.personas.list.query({ projectId })).toHaveLength(100)
    await agent.close()
  })

  it('gives up a call whose client leaves: the provider sees it within 1 s', async () => {
    const projectId = await configured()
    const { id } = await service.client.personas.create.mutate({ projectId, name: 'a', systemPrompt: PROMPT })
    const agent = await connectAgent(service.url)
    api.reply({ kind: 'hang', when: 'before headers' })
    const before = api.requests.length
    const leaving = new AbortController()
    const call = agent.callTool(
      { name: 'personas_simulate', arguments: { projectId, id } },
      { signal: leaving.signal },
    )
    await expect.poll(() => api.requests.length).toBe(before + 1)
    leaving.abort()
    await expect(call).rejects.toThrow()
    await expect.poll(() => api.requests.at(-1)?.hungUp, { timeout: 1_000 }).toBe(true)
    await expect.poll(() => busyGauges(service.url)).toEqual({})
    await agent.close()
  })

  it('reaches what its key reaches', async () => {
    const projectId = newProjectId()
    const keyed = await startService(database, {
      env: { API_KEYS: `${KEYS.all},${projectId}=${KEYS.one}` },
    })
    const everything = await connectAgent(keyed.url, { key: KEYS.all })
    const one = await connectAgent(keyed.url, { key: KEYS.one })
    await expect(connectAgent(keyed.url)).rejects.toThrow()
    await callTool(everything, 'personas_create', { projectId, name: 'own', systemPrompt: PROMPT })
    await callTool(everything, 'personas_create', { projectId: 'foreign', name: 'other' })

    expect((await callTool(one, 'projects_list', {})).value.items).toEqual([
      { id: projectId, name: projectId },
    ])
    expect((await callTool(everything, 'projects_list', {})).value.items).toHaveLength(2)
    expect((await callTool(one, 'personas_list', { projectId })).value.items).toHaveLength(1)
    for (const name of ['personas_list', 'personas_create', 'personas_tags']) {
      const { error } = await callTool(one, name, { projectId: 'foreign', name: 'x' })
      expect(error).toBe(otherProject().message)
    }
    // Its one project is the connection's, whatever the address names.
    const { prompts } = await one.listPrompts()
    expect(prompts.map(({ name }) => name)).toEqual(['persona', 'own'])
    await expect(
      one.getPrompt({ name: 'persona', arguments: { projectId: 'foreign', name: 'other' } }),
    ).rejects.toThrow(otherProject().message)
    await Promise.all([everything.close(), one.close()])
    await keyed.close()
  })
})
