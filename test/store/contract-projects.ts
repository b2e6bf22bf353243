import { randomUUID } from 'node:crypto'
import { expect, it } from 'vitest'
import type { LlmSettingsChange, ProjectChange, Store } from '../../src/store/store.js'
import { insert, listOf, newImage, projectsOf, range, storedPersona, T0 } from './samples.js'

const sealed = { ciphertext: 'c1', mask: 'sk-a...wxyz' }
const withKey = (ciphertext: string, text: { mask: string; keepIfMask: string }): ProjectChange => ({
  llmSettings: { provider: 'openai', apiKey: { ciphertext, ...text } },
})
/** The change that stores `sealed`. */
const first = withKey(sealed.ciphertext, { mask: sealed.mask, keepIfMask: 'sk-abcdefghijwxyz' })

/** Registered projects, their settings and keys, and what goes with a project. */
export function projectContract(store: () => Store, settlesUpdates: boolean) {
  it('lists registered projects in the order of their registration, whatever the clock says', async () => {
    const ids = range(8).map((): string => randomUUID())
    for (const [i, id] of ids.entries()) await store().insertProject({ id, name: `name ${i % 2}` }, T0 - i)
    const listed = (await projectsOf(store())).filter(({ id }) => ids.includes(id))
    expect(listed).toStrictEqual(ids.map((id, i) => ({ id, name: `name ${i % 2}` })))
    expect(await store().findProject(String(ids[0]))).toStrictEqual({ id: ids[0], name: 'name 0' })
    expect(await store().findProject(randomUUID())).toBeNull()
  })

  it('lists a project as soon as anything is stored under its id, by the id until it is registered', async () => {
    const [personas, images, both, nothing]: string[] = range(4).map(() => `unregistered ${randomUUID()} ü🙂`)
    const ids = [personas, images, both].map(String)
    for (const id of [personas, both]) await insert(store(), String(id))
    for (const id of [images, both]) await store().insertImage(String(id), newImage('upload'))
    const listed = (await projectsOf(store())).filter(({ id }) => ids.includes(id))
    expect(new Set(listed)).toEqual(new Set(ids.map((id) => ({ id, name: id }))))
    expect(listed).toHaveLength(3)
    for (const id of ids) {
      expect(await projectsOf(store(), id)).toStrictEqual([{ id, name: id }])
      expect(await store().findProject(id)).toBeNull()
    }
    expect(await projectsOf(store(), nothing)).toStrictEqual([])
    await store().updateProject(String(both), { name: 'Named' }, T0)
    expect(await projectsOf(store(), both)).toStrictEqual([{ id: both, name: 'Named' }])
    expect((await projectsOf(store())).filter(({ id }) => id === both)).toHaveLength(1)
  })

  it('lists projects by the earliest of what is there: a persona, an image or their registration', async () => {
    const [a, b, c, d]: string[] = range(4).map(() => randomUUID())
    const places = async () => {
      const listed = (await projectsOf(store())).map(({ id }) => id)
      return [a, b, c, d]
        .filter((id) => listed.includes(String(id)))
        .sort((x, y) => listed.indexOf(String(x)) - listed.indexOf(String(y)))
    }
    const first = await insert(store(), String(a))
    const image = newImage('upload')
    await store().insertImage(String(b), image)
    await store().insertProject({ id: String(c), name: 'c' }, T0 - 1_000)
    await insert(store(), String(d), {}, T0 - 2_000)
    expect(await places()).toEqual([a, b, c, d])
    // What comes later changes nothing, and registering neither.
    for (const id of [c, b, a]) await insert(store(), String(id))
    for (const id of [d, a, c]) await store().insertImage(String(id), newImage('persona-avatar-styleguide'))
    for (const id of [d, b]) await store().updateProject(String(id), { name: 'late' }, T0 - 5_000)
    expect(await places()).toEqual([a, b, c, d])
    await store().deletePersona(String(a), first.id)
    await store().deleteImage(String(b), image.id)
    expect(await places()).toEqual([c, d, b, a])
    await store().deleteProject(String(c))
    expect(await places()).toEqual([d, b, a])
  })

  it('lists no project once the last of it is deleted', async () => {
    const id = randomUUID()
    const { id: personaId } = await insert(store(), id)
    const image = newImage('upload')
    await store().insertImage(id, image)
    await store().deletePersona(id, personaId)
    expect(await projectsOf(store(), id)).toHaveLength(1)
    await store().deleteImage(id, image.id)
    expect(await projectsOf(store(), id)).toEqual([])
    expect((await projectsOf(store())).some((project) => project.id === id)).toBe(false)
  })

  it('registers an unknown project on update', async () => {
    const [plain, named, keyed] = [randomUUID(), randomUUID(), randomUUID()]
    expect(await store().updateProject(plain, {}, T0)).toStrictEqual({ id: plain, name: plain })
    expect(await store().updateProject(named, { name: 'Bot' }, T0)).toStrictEqual({ id: named, name: 'Bot' })
    const settings = { provider: 'openai', apiKey: sealed }
    const expected = { id: keyed, name: keyed, llmSettings: settings }
    expect(await store().updateProject(keyed, first, T0)).toStrictEqual(expected)
    expect(await store().findProject(keyed)).toStrictEqual(expected)
    const listed = (await projectsOf(store())).map(({ id }) => id)
    expect(listed).toEqual(expect.arrayContaining([plain, named, keyed]))
  })

  it('changes what is given', async () => {
    const id = randomUUID()
    await store().insertProject({ id, name: 'Bot' }, T0)
    await store().updateProject(id, first, T0)
    const renamed = await store().updateProject(id, { name: 'Robot' }, T0)
    expect(renamed).toStrictEqual({ id, name: 'Robot', llmSettings: { provider: 'openai', apiKey: sealed } })
    expect(await store().updateProject(id, {}, T0)).toStrictEqual(renamed)
    expect(await store().updateProject(id, { llmSettings: null }, T0)).toStrictEqual({ id, name: 'Robot' })
    expect(await store().findProject(id)).toStrictEqual({ id, name: 'Robot' })
  })

  it('keeps the stored key when none is given, and the models that are not', async () => {
    const id = randomUUID()
    const settings = (models: LlmSettingsChange['models']) =>
      store().updateProject(id, { llmSettings: { provider: 'openai', models } }, T0)
    const expected = (models: object) => ({
      id,
      name: id,
      llmSettings: { provider: 'openai', ...models, apiKey: sealed },
    })
    await store().updateProject(id, first, T0)
    expect(await settings({ image: 'a', evaluation: 'c' })).toStrictEqual(
      expected({ models: { image: 'a', evaluation: 'c' } }),
    )
    const all = expected({ models: { image: 'a', persona: 'b', evaluation: 'c' } })
    expect(await settings({ persona: 'b', image: undefined })).toStrictEqual(all)
    for (const nothing of [undefined, {}]) expect(await settings(nothing)).toStrictEqual(all)
    expect(await settings({ image: null, evaluation: 'd' })).toStrictEqual(
      expected({ models: { persona: 'b', evaluation: 'd' } }),
    )
    expect(await store().findProject(id)).toStrictEqual(
      expected({ models: { persona: 'b', evaluation: 'd' } }),
    )
    expect(await settings({ persona: null, evaluation: null })).toStrictEqual(expected({}))
    await settings({ image: 'a', persona: 'b' })
    expect(await settings(null)).toStrictEqual(expected({}))
    expect(await store().findProject(id)).toStrictEqual(expected({}))
  })

  it('keeps models when the key is replaced, and takes both at once from a project without settings', async () => {
    const id = randomUUID()
    const apiKey = { ...sealed, keepIfMask: 'sk-1' }
    const models = { image: 'a', persona: null }
    await store().updateProject(id, { llmSettings: { provider: 'openai', models, apiKey } }, T0)
    const replaced = await store().updateProject(
      id,
      {
        llmSettings: {
          provider: 'anthropic',
          models: { persona: 'b' },
          apiKey: { ciphertext: 'c2', mask: 'm2', keepIfMask: 'sk-2' },
        },
      },
      T0,
    )
    expect(replaced).toStrictEqual({
      id,
      name: id,
      llmSettings: {
        provider: 'anthropic',
        models: { image: 'a', persona: 'b' },
        apiKey: { ciphertext: 'c2', mask: 'm2' },
      },
    })
    expect(await store().findProject(id)).toStrictEqual(replaced)
  })

  it('gives a stored key to no other provider, and changes nothing then', async () => {
    const id = randomUUID()
    await store().updateProject(id, first, T0)
    const before = await store().findProject(id)
    const masked = { ciphertext: 'c2', mask: '****', keepIfMask: sealed.mask }
    for (const apiKey of [undefined, masked]) {
      const change = { name: 'New', maxConcurrency: 5, llmSettings: { provider: 'azure', apiKey } }
      expect(await store().updateProject(id, change, T0)).toStrictEqual({ keyBelongsTo: 'openai' })
      expect(await store().findProject(id)).toStrictEqual(before)
    }
  })

  it.skipIf(!settlesUpdates)('keeps both of two models that are changed at once', async () => {
    const id = randomUUID()
    await store().updateProject(id, first, T0)
    for (const i of range(10)) {
      const models = { image: `image ${i}`, persona: `persona ${i}`, evaluation: `evaluation ${i}` }
      await Promise.all([
        ...Object.entries(models).map(([use, model]) =>
          store().updateProject(id, { llmSettings: { provider: 'openai', models: { [use]: model } } }, T0),
        ),
        store().updateProject(id, { maxConcurrency: i + 1 }, T0),
      ])
      expect(await store().findProject(id)).toMatchObject({ maxConcurrency: i + 1, llmSettings: { models } })
    }
  })

  it('leaves no provider with the key of another after changes of both at once', async () => {
    const providers = ['openai', 'anthropic', 'azure']
    for (const i of range(10)) {
      const id = randomUUID()
      await store().updateProject(id, first, T0)
      const keyed = providers.map((provider) => {
        const apiKey = { ciphertext: `${provider} key`, mask: provider, keepIfMask: `${provider} ${i}` }
        return { provider, apiKey }
      })
      const keyless = providers.map((provider) => ({ provider })).reverse()
      const masked = keyed.map(({ provider, apiKey }) => ({
        provider,
        apiKey: { ...apiKey, keepIfMask: apiKey.mask },
      }))
      await Promise.all(
        [...keyed, ...keyless, ...masked, ...keyless].map((llmSettings) =>
          store().updateProject(id, { llmSettings }, T0),
        ),
      )
      const settings = (await store().findProject(id))?.llmSettings
      expect(settings?.apiKey.ciphertext).toBe(`${settings?.provider} key`)
    }
  })

  it('keeps a number of concurrent calls until it is removed', async () => {
    const id = randomUUID()
    const set = (maxConcurrency: number | null) => store().updateProject(id, { maxConcurrency }, T0)
    for (const maxConcurrency of [1, Number.MAX_SAFE_INTEGER]) {
      expect(await set(maxConcurrency)).toStrictEqual({ id, name: id, maxConcurrency })
      expect(await store().findProject(id)).toStrictEqual({ id, name: id, maxConcurrency })
    }
    expect(await store().updateProject(id, first, T0)).toHaveProperty('maxConcurrency')
    expect(await store().updateProject(id, { llmSettings: null }, T0)).toHaveProperty('maxConcurrency')
    expect(await set(null)).toStrictEqual({ id, name: id })
    expect(await store().findProject(id)).toStrictEqual({ id, name: id })
  })

  it('keeps the stored key when its mask is given', async () => {
    const id = randomUUID()
    await store().updateProject(id, first, T0)
    const masked = withKey('c2', { mask: '****', keepIfMask: sealed.mask })
    expect(await store().updateProject(id, masked, T0)).toMatchObject({ llmSettings: { apiKey: sealed } })
    const other = withKey('c3', { mask: 'sk-b...abcd', keepIfMask: 'sk-b...abcde' })
    const replaced = await store().updateProject(id, other, T0)
    expect(replaced).toMatchObject({ llmSettings: { apiKey: { ciphertext: 'c3', mask: 'sk-b...abcd' } } })
    // No longer the mask of the stored key, and so a key like any other.
    expect(await store().updateProject(id, masked, T0)).toMatchObject({
      llmSettings: { apiKey: { ciphertext: 'c2', mask: '****' } },
    })
  })

  it('refuses settings without a key where none is stored, and changes nothing', async () => {
    const [unknown, id] = [randomUUID(), randomUUID()]
    const change: ProjectChange = { name: 'New', llmSettings: { provider: 'openai' } }
    expect(await store().updateProject(unknown, change, T0)).toBe('no-key')
    expect(await store().findProject(unknown)).toBeNull()
    await store().insertProject({ id, name: 'Old' }, T0)
    expect(await store().updateProject(id, change, T0)).toBe('no-key')
    expect(await store().findProject(id)).toStrictEqual({ id, name: 'Old' })
  })

  it('leaves one whole setting behind simultaneous updates', async () => {
    const id = randomUUID()
    await Promise.all(
      range(20).map((i) => {
        const { llmSettings } = withKey(`c${i}`, { mask: `m${i}`, keepIfMask: `key ${i}` })
        return store().updateProject(id, { name: `name ${i}`, llmSettings }, T0)
      }),
    )
    const found = await store().findProject(id)
    const i = found?.name.split(' ')[1]
    expect(found?.llmSettings?.apiKey).toStrictEqual({ ciphertext: `c${i}`, mask: `m${i}` })
    expect((await projectsOf(store())).filter((project) => project.id === id)).toHaveLength(1)
  })

  it('lists every stored key', async () => {
    const keyed: string = randomUUID()
    const plain: string = randomUUID()
    await store().updateProject(keyed, first, T0)
    await store().insertProject({ id: plain, name: 'no key' }, T0)
    const keys = (await store().listSealedKeys()).filter(({ projectId }) =>
      [keyed, plain].includes(projectId),
    )
    expect(keys).toStrictEqual([{ projectId: keyed, ciphertext: 'c1' }])
  })

  it('deletes a project with all that is its own', async () => {
    const [id, other] = [randomUUID(), randomUUID()]
    for (const project of [id, other]) {
      await store().updateProject(project, first, T0)
      const personas = range(120).map(() => ({ projectId: project, persona: storedPersona() }))
      await store().transfer.personas.append(personas)
      await store().insertImage(project, newImage('upload'))
    }
    expect(await store().deleteProject(id)).toBe(true)
    expect(await store().findProject(id)).toBeNull()
    expect(await projectsOf(store(), id)).toEqual([])
    expect(await listOf(store(), id, { limit: 10 })).toEqual({ items: [], bytes: 3 })
    expect(await store().listImageIds(id)).toEqual([])
    expect((await store().listSealedKeys()).some(({ projectId }) => projectId === id)).toBe(false)
    expect(await store().deleteProject(id)).toBe(false)
    expect(await store().findProject(other)).not.toBeNull()
    expect(await listOf(store(), other, { limit: 500 })).toHaveProperty('items.length', 120)
    expect(await store().listImageIds(other)).toHaveLength(1)
  })

  it('deletes what was never registered', async () => {
    const [personas, images, settings] = [randomUUID(), randomUUID(), randomUUID()]
    await insert(store(), personas)
    await store().insertImage(images, newImage())
    await store().insertProject({ id: settings, name: 'empty' }, T0)
    for (const id of [personas, images, settings]) {
      expect(await store().deleteProject(id)).toBe(true)
      expect(await store().deleteProject(id)).toBe(false)
    }
  })
}
