import sharp from 'sharp'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { tooManyPictures } from '../../src/errors/images.js'
import { personaNotFound } from '../../src/errors/personas.js'
import { stoppingBeforePortrait } from '../../src/errors/portraits.js'
import { databaseUnavailable } from '../../src/errors/store.js'
import { halves, plain, pngChunks } from '../images/pictures.js'
import { databases, newProjectId, type Running, startService } from '../support/helper.js'
import { type ImagesApi, openAiErrors, startImagesApi } from './images-api.js'

const KEY = 'sk-test-0123456789abcdef'
const PROMPT = 'You are an impatient user who values brevity.'

let api: ImagesApi
beforeAll(async () => {
  api = await startImagesApi()
})
beforeEach(() => api.reset())
afterAll(() => api.close())

/** Waits until something holds; the test's own time limit is the limit. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10))
}

describe.each(databases)('portraits on $name', (database) => {
  let service: Running
  beforeAll(async () => {
    const env = { OPENAI_BASE_URL: api.url, IMAGE_TIMEOUT_MS: '1000', IMAGE_MODELS: 'model-a,model-b' }
    service = await startService(database, { env })
  })
  afterAll(() => service.close())

  /** A project with a provider and a persona to draw; its key is its own, as models are remembered by key. */
  async function sitter(models?: { image: string }) {
    const projectId = newProjectId()
    const apiKey = `${KEY}-${projectId}`
    await service.client.projects.updateConfig.mutate({
      projectId,
      llmSettings: { provider: 'openai', apiKey, ...(models && { models }) },
    })
    const persona = await service.client.personas.create.mutate({
      projectId,
      name: 'impatient-user',
      description: 'in a hurry',
      systemPrompt: PROMPT,
    })
    const { id } = persona
    return { projectId, id, persona, apiKey }
  }
  const images = async (projectId: string) => (await service.client.images.list.query({ projectId })).ids
  const picture = async (projectId: string, imageId: string | undefined, query = '') => {
    const response = await service.send(`/api/projects/${projectId}/images/${imageId}${query}`)
    expect(response.status).toBe(200)
    return Buffer.from(await response.arrayBuffer())
  }
  const uploadReference = async (projectId: string, bytes: Buffer) =>
    (
      await service.client.images.upload.mutate({
        projectId,
        imageBase64: bytes.toString('base64'),
        role: 'persona-avatar-styleguide',
      })
    ).id

  describe.each(['rest', 'trpc'] as const)('through %s', (way) => {
    const generate = (input: { projectId: string; id: string }) =>
      service[way].call('personas.generateImage', input)

    it('are drawn from the persona, stored square and marked as made by AI, and shown by it', async () => {
      const { projectId, id, persona, apiKey } = await sitter()
      const { status, value } = await generate({ projectId, id: id.slice(0, 8) })
      expect(status).toBe(200)
      expect(value).toEqual({
        ...persona,
        imageUrl: expect.stringMatching(/\.png$/),
        version: 2,
        updatedAt: value.updatedAt,
      })
      expect(value.updatedAt > persona.updatedAt).toBe(true)
      expect(await service.client.personas.get.query({ projectId, id })).toEqual(value)
      expect(await images(projectId)).toEqual([value.imageUrl])

      const [request] = api.requests
      expect(api.requests).toHaveLength(1)
      expect(request?.path).toBe('/v1/images/generations')
      expect(request?.authorization).toBe(`Bearer ${apiKey}`)
      expect(request?.fields).toMatchObject({ model: 'model-a', size: '1024x1024' })
      for (const part of ['impatient-user', 'in a hurry', PROMPT])
        expect(String(request?.fields.prompt)).toContain(part)

      const bytes = await picture(projectId, value.imageUrl)
      expect(await sharp(bytes).metadata()).toMatchObject({ format: 'png', width: 1024, height: 1024 })
      const chunk = pngChunks(bytes)[1]
      expect(chunk?.type).toBe('iTXt')
      expect(chunk?.data.toString()).toContain('trainedAlgorithmicMedia')
      const thumbnail = await picture(projectId, value.imageUrl, '?size=64&format=webp')
      expect(await sharp(thumbnail).metadata()).toMatchObject({ format: 'webp', width: 64, height: 64 })
    })

    it('follow the newest 16 style references, newest first', async () => {
      const { projectId, id } = await sitter()
      const ids: string[] = []
      for (let n = 0; n < 17; n += 1)
        ids.push(
          await uploadReference(
            projectId,
            await plain(8 + n, 8)
              .png()
              .toBuffer(),
          ),
        )
      expect((await generate({ projectId, id })).status).toBe(200)
      const [request] = api.requests
      expect(request?.path).toBe('/v1/images/edits')
      expect(request?.files.map(({ field, type }) => [field, type])).toEqual(
        Array(16).fill(['image[]', 'image/png']),
      )
      const widths = await Promise.all(
        (request?.files ?? []).map(async ({ bytes }) => (await sharp(bytes).metadata()).width),
      )
      expect(widths).toEqual(Array.from({ length: 16 }, (_, n) => 24 - n))
    })

    it('send large style references small, and small ones as they are stored', async () => {
      const { projectId, id } = await sitter()
      const smallId = await uploadReference(projectId, await halves().jpeg().toBuffer())
      const largeId = await uploadReference(projectId, await plain(2000, 1000).png().toBuffer())
      const stored = await picture(projectId, smallId)
      expect((await generate({ projectId, id })).status).toBe(200)
      const [wide, small] = api.requests[0]?.files ?? []
      expect(small).toMatchObject({ name: 'reference-2.jpg', type: 'image/jpeg', bytes: stored })
      expect(wide).toMatchObject({ name: 'reference-1.webp', type: 'image/webp' })
      expect(await sharp(wide?.bytes).metadata()).toMatchObject({ format: 'webp', width: 1024, height: 512 })
      // The stored one is as large as ever.
      expect(await sharp(await picture(projectId, largeId)).metadata()).toMatchObject({ width: 2000 })
    })

    it('replace the one before, which goes unless another persona shows it', async () => {
      const { projectId, id } = await sitter()
      const first = (await generate({ projectId, id })).value.imageUrl
      const second = (await generate({ projectId, id })).value.imageUrl
      expect(await images(projectId)).toEqual([second])
      expect(second).not.toBe(first)
      const other = await service.client.personas.create.mutate({ projectId, name: 'other' })
      await service.client.personas.update.mutate({ projectId, id: other.id, imageUrl: second })
      const third = (await generate({ projectId, id })).value.imageUrl
      expect(await images(projectId)).toEqual([second, third])
    })

    it('leave persona, updatedAt and old portrait as they were when the provider fails', async () => {
      const { projectId, id } = await sitter()
      const before = (await generate({ projectId, id })).value
      for (const [reply, expected] of [
        [openAiErrors.moderationBlocked, { status: 422, code: 'UNPROCESSABLE_CONTENT' }],
        [openAiErrors.invalidApiKey, { status: 503, reason: 'provider_misconfigured' }],
        [openAiErrors.organizationNotVerified, { status: 503, reason: 'provider_misconfigured' }],
        [openAiErrors.insufficientQuota, { status: 503, reason: 'provider_quota' }],
        [openAiErrors.billingHardLimit, { status: 503, reason: 'provider_quota' }],
        [openAiErrors.rateLimited, { status: 429, code: 'TOO_MANY_REQUESTS' }],
        [openAiErrors.overloaded, { status: 503, reason: 'provider_overloaded' }],
        [openAiErrors.serverError, { status: 502, code: 'BAD_GATEWAY' }],
        [{ kind: 'reset', when: 'before headers' }, { status: 502 }],
        [{ kind: 'reset', when: 'in the body' }, { status: 502 }],
        [{ kind: 'answer', status: 200, body: '<html>busy</html>' }, { status: 502 }],
        [{ kind: 'answer', status: 200, body: { data: [] } }, { status: 502 }],
        [{ kind: 'picture', bytes: Buffer.from('no picture') }, { status: 502 }],
        [
          { kind: 'hang', when: 'before headers' },
          { status: 504, code: 'GATEWAY_TIMEOUT' },
        ],
        [
          { kind: 'hang', when: 'in the body' },
          { status: 504, code: 'GATEWAY_TIMEOUT' },
        ],
      ] as const) {
        const sent = api.requests.length
        api.reply(reply)
        const outcome = await generate({ projectId, id })
        expect(outcome).toMatchObject(expected)
        // No call that may have been billed is made twice.
        expect(api.requests.length).toBe(sent + 1)
        expect(JSON.stringify(outcome)).not.toContain(KEY)
      }
      expect(await service.client.personas.get.query({ projectId, id })).toEqual(before)
      expect(await images(projectId)).toEqual([before.imageUrl])
    })

    it('carry the provider’s wait to the caller', async () => {
      const { projectId, id } = await sitter()
      api.reply(openAiErrors.rateLimited)
      const outcome = await generate({ projectId, id })
      if (way === 'rest') expect(outcome.headers?.get('retry-after')).toBe('12')
      else expect(outcome).toMatchObject({ retryAfter: 12 })
    })

    it('name the style reference that the provider cannot use', async () => {
      const { projectId, id } = await sitter()
      const [a, b] = [
        await uploadReference(projectId, await halves().png().toBuffer()),
        await uploadReference(projectId, await halves().jpeg().toBuffer()),
      ]
      api.reply(openAiErrors.unsupportedFile)
      const outcome = await generate({ projectId, id })
      expect(outcome.status).toBe(422)
      // image[1] is the second sent, and the newest goes first.
      expect(outcome.message).toContain(a)
      expect(outcome.message).not.toContain(b)
    })

    it('move on from a model that is gone, and remember it for the key', async () => {
      const { projectId, id } = await sitter()
      api.retire('model-a')
      expect((await generate({ projectId, id })).status).toBe(200)
      expect((await generate({ projectId, id })).status).toBe(200)
      expect(api.requests.map(({ fields }) => fields.model)).toEqual(['model-a', 'model-b', 'model-b'])
      api.retire('model-b')
      expect(await generate({ projectId, id })).toMatchObject({
        status: 503,
        reason: 'provider_misconfigured',
      })
    })

    it('use the project’s own model where it names one', async () => {
      const { projectId, id } = await sitter({ image: 'model-x' })
      expect((await generate({ projectId, id })).status).toBe(200)
      expect(api.requests[0]?.fields.model).toBe('model-x')
    })
  })

  it('are drawn once for callers that come while one is drawn', async () => {
    const { projectId, id } = await sitter()
    api.reply({ kind: 'picture', delayMs: 200 })
    const calls = [
      service.rest.call('personas.generateImage', { projectId, id }),
      service.trpc.call('personas.generateImage', { projectId, id: id.slice(0, 10) }),
      service.rest.call('personas.generateImage', { projectId, id }),
    ]
    const values = (await Promise.all(calls)).map(({ value }) => value)
    expect(values[0].imageUrl).toBeDefined()
    expect(values[1]).toEqual(values[0])
    expect(values[2]).toEqual(values[0])
    expect(api.requests).toHaveLength(1)
    expect(await images(projectId)).toHaveLength(1)
  })

  it('are kept when their caller hangs up', async () => {
    const { projectId, id } = await sitter()
    api.reply({ kind: 'picture', delayMs: 300 })
    const impatient = new AbortController()
    const call = service.send(`/api/projects/${projectId}/personas/${id}/generate-image`, {
      method: 'POST',
      signal: impatient.signal,
    })
    await until(() => api.requests.length === 1)
    impatient.abort()
    await expect(call).rejects.toThrow()
    await until(
      async () => (await service.client.personas.get.query({ projectId, id })).imageUrl !== undefined,
    )
    expect(api.requests[0]?.hungUp).toBe(false)
    expect(await images(projectId)).toHaveLength(1)
  })

  it('of a persona deleted meanwhile are 404 and leave no image behind', async () => {
    const { projectId, id } = await sitter()
    api.reply({ kind: 'picture', delayMs: 200 })
    const call = service.rest.call('personas.generateImage', { projectId, id })
    await until(() => api.requests.length === 1)
    await service.client.personas.delete.mutate({ projectId, id })
    expect(await call).toMatchObject({ status: 404, message: personaNotFound.text })
    expect(await images(projectId)).toEqual([])
  })

  it('do not lose an update that is made while they are drawn', async () => {
    const { projectId, id } = await sitter()
    api.reply({ kind: 'picture', delayMs: 200 })
    const call = service.rest.call('personas.generateImage', { projectId, id })
    await until(() => api.requests.length === 1)
    await service.client.personas.update.mutate({ projectId, id, description: 'changed' })
    expect((await call).value).toMatchObject({ description: 'changed', imageUrl: expect.any(String) })
  })

  it('are stored once the database is back, though it is gone when they arrive', async () => {
    const { projectId, id } = await sitter()
    const { store } = service
    const storePortrait = store.storePortrait
    let failures = 1
    store.storePortrait = async (...args) => {
      failures -= 1
      if (failures >= 0) throw databaseUnavailable()
      return storePortrait.apply(store, args)
    }
    const outcome = await service.rest.call('personas.generateImage', { projectId, id })
    store.storePortrait = storePortrait
    expect(failures).toBe(-1)
    const metrics = await (await service.send('/metrics')).text()
    expect(metrics).toMatch(/portrait_duration_seconds_count\{outcome="ok"\} [1-9]/)
    expect(metrics).toMatch(/portrait_duration_seconds_count\{outcome="GATEWAY_TIMEOUT"\} [1-9]/)
    expect(outcome.status).toBe(200)
    expect(await images(projectId)).toEqual([outcome.value.imageUrl])
  })
})

describe('style references that go while a portrait waits for them', () => {
  it('are left out', async () => {
    const service = await startService(undefined, { env: { OPENAI_BASE_URL: api.url } })
    const projectId = newProjectId()
    await service.client.projects.updateConfig.mutate({
      projectId,
      llmSettings: { provider: 'openai', apiKey: KEY },
    })
    const { id } = await service.client.personas.create.mutate({ projectId, name: 'n', systemPrompt: PROMPT })
    const { store } = service
    const listNewestImageIds = store.listNewestImageIds
    store.listNewestImageIds = async () => ['gone.png']
    expect((await service.rest.call('personas.generateImage', { projectId, id })).status).toBe(200)
    store.listNewestImageIds = listNewestImageIds
    expect(api.requests.map(({ path }) => path)).toEqual(['/v1/images/generations'])
    await service.close()
  })
})

describe('portraits in the making', () => {
  it('are limited in memory, show in the metrics, and give all of it back', async () => {
    const service = await startService(undefined, { env: { OPENAI_BASE_URL: api.url } })
    const projectId = newProjectId()
    await service.client.projects.updateConfig.mutate({
      projectId,
      llmSettings: { provider: 'openai', apiKey: KEY },
    })
    const { id } = await service.client.personas.create.mutate({ projectId, name: 'n', systemPrompt: PROMPT })
    const used = async () => {
      const metrics = await (await service.send('/metrics')).text()
      return Number(/limit_used\{limit="portrait_bytes"\} (\d+)/.exec(metrics)?.[1])
    }
    for (const reply of [
      { kind: 'picture', delayMs: 200 },
      { ...openAiErrors.serverError },
      { kind: 'picture', bytes: Buffer.from('no picture') },
    ] as const) {
      api.reply(reply)
      const call = service.rest.call('personas.generateImage', { projectId, id })
      if (reply.kind === 'picture' && 'delayMs' in reply) {
        await until(() => api.requests.length === 1)
        expect(await used()).toBeGreaterThan(0)
      }
      await call
      expect(await used()).toBe(0)
    }
    await service.close()
  })
})

describe('the rate of portraits', () => {
  it('does not count what was refused before anything was asked for', async () => {
    const service = await startService(undefined, {
      env: { OPENAI_BASE_URL: api.url, IMAGE_RATE_PER_MINUTE: '1' },
    })
    const projectId = newProjectId()
    await service.client.projects.updateConfig.mutate({
      projectId,
      llmSettings: { provider: 'openai', apiKey: KEY },
    })
    const { id } = await service.client.personas.create.mutate({ projectId, name: 'n', systemPrompt: PROMPT })
    const call = () => service.rest.call('personas.generateImage', { projectId, id })
    const { images } = service.services
    const styleReference = images.styleReference
    await service.client.images.upload.mutate({
      projectId,
      role: 'persona-avatar-styleguide',
      imageBase64: (await halves().png().toBuffer()).toString('base64'),
    })
    images.styleReference = async () => {
      throw tooManyPictures()
    }
    expect(await call()).toMatchObject({ status: 503, reason: 'overloaded' })
    images.styleReference = styleReference
    expect((await call()).status).toBe(200)
    expect((await call()).status).toBe(429)
    expect(api.requests).toHaveLength(1)
    await service.close()
  })

  it('is limited per project and minute, and says when to come again', async () => {
    const service = await startService(undefined, {
      env: { OPENAI_BASE_URL: api.url, IMAGE_RATE_PER_MINUTE: '2' },
    })
    const projectOf = async () => {
      const projectId = newProjectId()
      await service.client.projects.updateConfig.mutate({
        projectId,
        llmSettings: { provider: 'openai', apiKey: KEY },
      })
      const { id } = await service.client.personas.create.mutate({
        projectId,
        name: 'n',
        systemPrompt: PROMPT,
      })
      return { projectId, id }
    }
    const [one, other] = [await projectOf(), await projectOf()]
    const call = (persona: object) => service.rest.call('personas.generateImage', { ...persona })
    expect((await call(one)).status).toBe(200)
    expect((await call(one)).status).toBe(200)
    const refused = await call(one)
    expect(refused).toMatchObject({ status: 429, code: 'TOO_MANY_REQUESTS', reason: 'portrait_rate' })
    const wait = Number(refused.headers?.get('retry-after'))
    expect(wait).toBeGreaterThan(50)
    expect(wait).toBeLessThanOrEqual(60)
    expect((await call(other)).status).toBe(200)
    expect(api.requests).toHaveLength(3)
    await service.close()
  })
})

describe('stopping', () => {
  it('waits for the portraits being drawn up to a limit, and reports how many it gave up', async () => {
    const service = await startService(undefined, { env: { OPENAI_BASE_URL: api.url } })
    const projectId = newProjectId()
    await service.client.projects.updateConfig.mutate({
      projectId,
      llmSettings: { provider: 'openai', apiKey: KEY },
    })
    const { id } = await service.client.personas.create.mutate({ projectId, name: 'n', systemPrompt: PROMPT })
    const call = () => service.rest.call('personas.generateImage', { projectId, id })

    api.reply({ kind: 'picture', delayMs: 1_000 })
    const finished = call()
    await until(() => api.requests.length === 1)
    const draining = service.services.portraits.drain(5_000)
    const another = await service.client.personas.create.mutate({
      projectId,
      name: 'm',
      systemPrompt: PROMPT,
    })
    const late = { projectId, id: another.id }
    // Nothing is begun that would be billed; who asks for the one that runs still joins it.
    for (const refused of [
      await service.rest.call('personas.generateImage', late),
      await service.trpc.call('personas.generateImage', late),
    ]) {
      expect(refused).toMatchObject({
        status: 503,
        reason: 'stopping',
        message: stoppingBeforePortrait.text,
      })
    }
    const joined = call()
    expect(await draining).toEqual({ givenUp: 0 })
    expect((await finished).status).toBe(200)
    expect((await joined).status).toBe(200)
    expect(api.requests).toHaveLength(1)
    await service.close()

    const other = await startService(undefined, { env: { OPENAI_BASE_URL: api.url } })
    await other.client.projects.updateConfig.mutate({
      projectId,
      llmSettings: { provider: 'openai', apiKey: KEY },
    })
    const persona = await other.client.personas.create.mutate({ projectId, name: 'n', systemPrompt: PROMPT })
    api.reply({ kind: 'hang', when: 'before headers' })
    const hanging = other.rest.call('personas.generateImage', { projectId, id: persona.id })
    await until(() => api.requests.length === 2)
    expect(await other.services.portraits.drain(100)).toEqual({ givenUp: 1 })
    expect(await hanging).toMatchObject({ status: 503, message: expect.stringContaining('stopping') })
    await other.close()
  })
})
