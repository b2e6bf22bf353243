import { expect, it } from 'vitest'
import { projectNotFound, providerKeyMissing, providerKeyOfAnother } from '../../src/errors/projects.js'
import { plain } from '../images/pictures.js'
import { type Caller, newProjectId } from '../support/helper.js'
import { throughBoth } from '../support/matrix.js'

const KEY = 'sk-proj-0123456789abcdef'
const MASK = 'sk-p...cdef'

throughBoth('projects', (caller, service) => {
  const call: Caller['call'] = (procedure, input) => caller().call(procedure, input)
  const storedKey = async (projectId: string) =>
    (await service().services.projects.provider(projectId))?.apiKey()

  it('are registered with a name and an id, and listed oldest first', async () => {
    const first = await call('projects.create', { name: ' First ' })
    expect(first).toMatchObject({ status: 201, value: { name: 'First' } })
    const second = await call('projects.create', { name: 'Second' })
    const listed: { id: string }[] = (await call('projects.list', {})).value
    const places = [first, second].map(({ value }) => listed.findIndex(({ id }) => id === value.id))
    expect(places[0]).toBeGreaterThanOrEqual(0)
    expect(places[1]).toBeGreaterThan(places[0] ?? 0)
    expect(await call('projects.create', {})).toMatchObject({ status: 400, message: 'Name is required' })
  })

  it('have their id as name until they are registered, which a change of settings does', async () => {
    const projectId = newProjectId()
    expect((await call('projects.getConfig', { projectId })).value).toEqual({ name: projectId })
    const listed = async () => (await call('projects.list', {})).value.map(({ id }: { id: string }) => id)
    expect(await listed()).not.toContain(projectId)
    const updated = await call('projects.updateConfig', { projectId, name: 'Named' })
    expect(updated).toMatchObject({ status: 200, value: { name: 'Named' } })
    expect(await listed()).toContain(projectId)
    expect((await call('projects.getConfig', { projectId })).value).toEqual({ name: 'Named' })
  })

  it('are listed as soon as something is stored under their id, until the last of it is deleted', async () => {
    const [withPersona, withImage] = [newProjectId(), newProjectId()]
    const imageBase64 = (await plain(8, 8).png().toBuffer()).toString('base64')
    const persona = await call('personas.create', { projectId: withPersona, name: 'n' })
    const image = await call('images.upload', { projectId: withImage, imageBase64, role: 'upload' })
    const listed = async () =>
      (await call('projects.list', {})).value.filter(({ id }: { id: string }) =>
        [withPersona, withImage].includes(id),
      )
    expect(await listed()).toEqual([withPersona, withImage].map((id) => ({ id, name: id })))
    await call('personas.delete', { projectId: withPersona, id: persona.value.id })
    await call('images.delete', { projectId: withImage, imageId: image.value.id })
    expect(await listed()).toEqual([])
  })

  it('answer a mask for the key, and keep the key in clear nowhere', async () => {
    const projectId = newProjectId()
    const llmSettings = { provider: 'openai', apiKey: KEY, models: { image: 'gpt-image-x' } }
    const shown = { name: projectId, llmSettings: { ...llmSettings, apiKey: MASK } }
    expect((await call('projects.updateConfig', { projectId, llmSettings })).value).toEqual(shown)
    expect((await call('projects.getConfig', { projectId })).value).toEqual(shown)
    expect(JSON.stringify(await service().store.findProject(projectId))).not.toContain(KEY.slice(4, 12))
    expect(await storedKey(projectId)).toBe(KEY)
  })

  it('show **** for a key of 8 characters or fewer', async () => {
    const projectId = newProjectId()
    const outcome = await call('projects.updateConfig', {
      projectId,
      llmSettings: { provider: 'openai', apiKey: '12345678' },
    })
    expect(outcome.value.llmSettings.apiKey).toBe('****')
  })

  it('keep the stored key when it is left out, empty or its mask, and replace it otherwise', async () => {
    const projectId = newProjectId()
    const set = (llmSettings: object) => call('projects.updateConfig', { projectId, llmSettings })
    await set({ provider: 'openai', apiKey: KEY, models: { image: 'm' } })
    for (const kept of [{}, { apiKey: '' }, { apiKey: MASK }]) {
      const outcome = await set({ provider: 'openai', ...kept })
      expect(outcome.value.llmSettings).toEqual({ provider: 'openai', apiKey: MASK, models: { image: 'm' } })
      expect(await storedKey(projectId)).toBe(KEY)
    }
    await set({ provider: 'openai', apiKey: 'sk-another-key' })
    expect(await storedKey(projectId)).toBe('sk-another-key')
    await call('projects.updateConfig', { projectId, name: 'other' })
    expect(await storedKey(projectId)).toBe('sk-another-key')
  })

  it('never send a stored key to another provider: that needs a key of its own', async () => {
    const projectId = newProjectId()
    const set = (llmSettings: object) => call('projects.updateConfig', { projectId, llmSettings })
    await set({ provider: 'anthropic', apiKey: KEY, models: { persona: 'p' } })
    const { value: before } = await call('projects.getConfig', { projectId })
    const message = providerKeyOfAnother.text({ provider: 'anthropic' })
    for (const keyless of [{}, { apiKey: '' }, { apiKey: MASK }]) {
      const outcome = await set({ provider: 'openai', models: { persona: 'q' }, ...keyless })
      expect(outcome).toMatchObject({
        status: 400,
        message,
        issues: [{ path: 'llmSettings.apiKey', message }],
      })
      expect((await call('projects.getConfig', { projectId })).value).toEqual(before)
    }
    const moved = await set({ provider: 'openai', apiKey: 'sk-proj-of-openai-0000' })
    expect(moved.value.llmSettings).toEqual({
      provider: 'openai',
      apiKey: 'sk-p...0000',
      models: { persona: 'p' },
    })
    expect(await storedKey(projectId)).toBe('sk-proj-of-openai-0000')
  })

  it('change the models that are given, keep the others, and remove them by null', async () => {
    const projectId = newProjectId()
    const set = async (models: unknown, more: object = {}) => {
      const llmSettings = { provider: 'openai', models, ...more }
      const { value } = await call('projects.updateConfig', { projectId, llmSettings })
      expect((await call('projects.getConfig', { projectId })).value).toEqual(value)
      return value.llmSettings.models
    }
    const models = { image: 'i', persona: 'p', evaluation: 'e' }
    expect(await set(models, { apiKey: KEY })).toEqual(models)
    expect(await set({ persona: 'q' })).toEqual({ ...models, persona: 'q' })
    expect(await set(undefined)).toEqual({ ...models, persona: 'q' })
    expect(await set({ image: null })).toEqual({ persona: 'q', evaluation: 'e' })
    expect(await set(null)).toBeUndefined()
  })

  it('keep maxConcurrency, whatever else is changed, until null removes it', async () => {
    const projectId = newProjectId()
    const change = async (fields: object) =>
      (await call('projects.updateConfig', { projectId, ...fields })).value
    expect(await change({ maxConcurrency: 3 })).toEqual({ name: projectId, maxConcurrency: 3 })
    await change({ name: 'n', llmSettings: { provider: 'openai', apiKey: KEY } })
    expect((await call('projects.getConfig', { projectId })).value).toHaveProperty('maxConcurrency', 3)
    expect(await change({ llmSettings: null, maxConcurrency: null })).toEqual({ name: 'n' })
  })

  it('need a key where none is stored, and forget it with the settings', async () => {
    const projectId = newProjectId()
    const message = providerKeyMissing.text
    const keyless = () => call('projects.updateConfig', { projectId, llmSettings: { provider: 'openai' } })
    expect(await keyless()).toMatchObject({ status: 400, message, issues: [{ path: 'llmSettings.apiKey' }] })
    await call('projects.updateConfig', { projectId, llmSettings: { provider: 'openai', apiKey: KEY } })
    const removed = await call('projects.updateConfig', { projectId, llmSettings: null })
    expect(removed.value).toEqual({ name: projectId })
    expect((await keyless()).status).toBe(400)
  })

  it.each<[object, string]>([
    [{ llmSettings: 'openai' }, 'llmSettings must be an object'],
    [{ llmSettings: {} }, 'llmSettings.provider is required'],
    [
      { llmSettings: { provider: 'OpenAI', apiKey: KEY } },
      'llmSettings.provider must be a lower-case slug such as openai',
    ],
    [{ llmSettings: { provider: 'openai', apiKey: 5 } }, 'llmSettings.apiKey must be a string'],
    [
      { llmSettings: { provider: 'openai', apiKey: 'a b' } },
      'llmSettings.apiKey must be at most 512 visible ASCII characters',
    ],
    [
      { llmSettings: { provider: 'openai', apiKey: 'k'.repeat(513) } },
      'llmSettings.apiKey must be at most 512 visible ASCII characters',
    ],
    [
      { llmSettings: { provider: 'openai', apiKey: KEY, models: { persona: '' } } },
      'llmSettings.models.persona must be 1 to 128 visible ASCII characters',
    ],
    ...[0, -1, 1.5, '3', {}, 2 ** 53].map((maxConcurrency): [object, string] => [
      { maxConcurrency },
      'maxConcurrency must be a whole number from 1',
    ]),
    [
      { llmSettings: { provider: 'openai', apiKey: KEY, models: { image: 5 } } },
      'llmSettings.models.image must be a string',
    ],
    [{ name: null }, 'Name is required'],
  ])('refuse %j', async (change, message) => {
    const outcome = await call('projects.updateConfig', { projectId: newProjectId(), ...change })
    expect(outcome).toMatchObject({ status: 400, message })
  })

  it('are deleted with their personas, images and settings; 404 where there was nothing', async () => {
    const projectId = newProjectId()
    const nothing = { status: 404, message: projectNotFound.text }
    expect(await call('projects.delete', { projectId })).toMatchObject(nothing)
    await call('personas.create', { projectId, name: 'n' })
    await call('projects.updateConfig', { projectId, llmSettings: { provider: 'openai', apiKey: KEY } })
    expect((await call('projects.delete', { projectId })).status).toBe(204)
    expect((await call('personas.list', { projectId })).value).toEqual([])
    expect((await call('projects.getConfig', { projectId })).value).toEqual({ name: projectId })
    expect(await call('projects.delete', { projectId })).toMatchObject(nothing)
    await call('personas.create', { projectId, name: 'only' })
    expect((await call('projects.delete', { projectId })).status).toBe(204)
  })
})
