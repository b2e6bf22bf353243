import { randomUUID } from 'node:crypto'
import { expect, it } from 'vitest'
import { verify } from '../../../src/cli/migrate/verify.js'
import type { Store } from '../../../src/store/store.js'
import { insert, listOf, newImage, storedPersona } from '../../store/samples.js'
import { contentOf, countsOf, fill, move, places, within } from './stores.js'

const counts = { projects: 2, images: 7, versions: 6, personas: 39 }
const sums = (lines: string[]) => lines.filter((line) => line.includes('SHA-256'))

it('brings everything from SQLite to MongoDB, on to another, and back, in the same order', async () => {
  const [first, second] = [places.SQLite(), places.MongoDB()]
  await fill(first)
  const content = await contentOf(first)
  const there = await move(first, second)
  expect(there).toContain('Verified: both stores hold the same.')
  expect(sums(there)).toHaveLength(4)
  expect(await countsOf(second)).toEqual(counts)
  expect(await contentOf(second)).toEqual(content)
  const [third, fourth, fifth] = [places.MongoDB(), places.SQLite(), places.SQLite()]
  for (const [from, to] of [
    [second, third],
    [third, fourth],
    [fourth, fifth],
  ] as const) {
    expect(sums(await move(from, to))).toEqual(sums(there))
    expect(await contentOf(to)).toEqual(content)
  }
})

it('starts from MongoDB as well', async () => {
  const [from, to] = [places.MongoDB(), places.SQLite()]
  await fill(from)
  await move(from, to)
  expect(await contentOf(to)).toEqual(await contentOf(from))
})

it('leaves the source as it was', async () => {
  const from = places.SQLite()
  await fill(from)
  const content = await contentOf(from)
  await move(from, places.SQLite())
  expect(await contentOf(from)).toEqual(content)
})

for (const target of ['SQLite', 'MongoDB'] as const) {
  it(`goes on after an interruption, into ${target}`, async () => {
    const [from, to] = [places.SQLite(), places[target]()]
    await fill(from, 500)
    for (const stopAt of ['Copying images', 'Copying personas', 'Copying versions', 'Verifying versions']) {
      const interruption = new AbortController()
      const onAdvance = (label: string, done: number) => {
        if (label === stopAt && done > 0) interruption.abort(new Error('stopped'))
      }
      await expect(move(from, to, { onAdvance, signal: interruption.signal })).rejects.toThrow('stopped')
      if (stopAt !== 'Copying personas') continue
      const { personas = 0 } = await countsOf(to)
      expect(personas).toBeGreaterThan(0)
      expect(personas).toBeLessThan(499)
    }
    const lines = await move(from, to)
    expect(lines).toContain('Already there: 2 projects, 7 images, 499 personas, 6 versions')
    expect(lines).toContain('Verified: both stores hold the same.')
    expect(await countsOf(to)).toEqual({ ...counts, personas: 499 })
    expect(await contentOf(to)).toEqual(await contentOf(from))
  })

  it(`is refused by ${target} with data of its own, and writes nothing`, async () => {
    const from = places.SQLite()
    await fill(from, 4)
    const additions: [RegExp, (store: Store) => Promise<unknown>][] = [
      [/ \(project other\);/, (store) => store.insertProject({ id: 'other', name: 'x' }, 1)],
      [/ \(image \S+ of project other\);/, (store) => store.insertImage('other', newImage())],
      [/ \(persona \S+ of project first\);/, (store) => insert(store, 'first')],
    ]
    for (const [named, add] of additions) {
      const to = places[target]()
      await within(to, add)
      const before = await countsOf(to)
      const error = await move(from, to).catch((error) => error)
      expect(error.message).toMatch(/^The target holds data of its own .+$/)
      expect(error.message).toMatch(named)
      expect(await countsOf(to)).toEqual(before)
    }
  })

  it(`does not take ${target} for a copy once it has gone its own way`, async () => {
    const [from, to] = [places.SQLite(), places[target]()]
    await fill(from, 4)
    await move(from, to)
    await expect(verified(from, to)).resolves.toMatchObject({ personas: { count: 4 } })
    const page = await within(to, (store) => listOf(store, 'first', { limit: 1 }))
    const persona = page === 'bad-cursor' ? '' : (page.items[0]?.id ?? '')
    const images = await within(to, (store) => store.listImageIds('first'))
    // Each of them comes before the last where kinds are compared.
    const changes: [string, (store: Store) => Promise<unknown>][] = [
      ['versions', (store) => appendOlder(store, persona)],
      ['personas', (store) => insert(store, 'zz')],
      ['personas', (store) => store.updatePersona('first', persona, { name: 'Another', now: 1 })],
      ['images', (store) => store.deleteImage('first', images[3] ?? '')],
      ['projects', (store) => store.updateProject('first', { name: 'Another' }, 1)],
    ]
    for (const [kind, change] of changes) {
      await within(to, change)
      await expect(verified(from, to)).rejects.toThrow(new RegExp(`^Not verified: ${kind} differ, .+$`))
    }
    await expect(move(from, to)).rejects.toThrow(/holds data of its own \(project first\)/)
  })

  it(`does not take ${target} for a copy when one byte of an image differs`, async () => {
    const [from, to] = [places.SQLite(), places[target]()]
    const image = newImage('upload', 100_000)
    await within(from, (store) => store.insertImage('p', image))
    const bytes = Buffer.from(image.bytes)
    bytes[99_999] = (bytes[99_999] ?? 0) ^ 1
    await within(to, (store) => store.insertImage('p', { ...image, bytes }))
    await expect(verified(from, to)).rejects.toThrow(/^Not verified: images differ/)
    await expect(move(from, to)).rejects.toThrow(/holds data of its own/)
  })
}

/** Adds a version of a persona below those that it has. */
async function appendOlder(store: Store, id: string): Promise<void> {
  const persona = { ...storedPersona(), id, version: -1 }
  await store.transfer.versions.append([{ projectId: 'first', persona }])
}

function verified(from: string, to: string) {
  const progress = { begin: () => ({ advance: () => undefined, end: () => undefined }) }
  const { signal } = new AbortController()
  return within(from, (source) =>
    within(to, (target) => verify({ source: source.transfer, target: target.transfer, progress, signal })),
  )
}

it('moves personas of one name in different projects, and a project that has only images', async () => {
  const [from, to] = [places.MongoDB(), places.SQLite()]
  const [a, b, c] = [randomUUID(), randomUUID(), randomUUID()]
  await within(from, async (store) => {
    for (const project of [a, b]) await insert(store, project, { name: 'same' })
    await store.insertImage(c, newImage())
  })
  await move(from, to)
  expect(await countsOf(to)).toEqual({ projects: 0, images: 1, versions: 0, personas: 2 })
})
