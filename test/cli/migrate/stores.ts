import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inject } from 'vitest'
import { locate, open } from '../../../src/cli/migrate/location.js'
import { migrate } from '../../../src/cli/migrate/migrate.js'
import type { Progress } from '../../../src/cli/migrate/progress.js'
import { imageRoles } from '../../../src/images/schema.js'
import type { Store } from '../../../src/store/store.js'
import { freshMongoUrl } from '../../store/mongo/server.js'
import { insert, listOf, newImage, projectsOf, range, storedPersona, T0 } from '../../store/samples.js'

const folders: string[] = []
process.once('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** Makes the place of a store that nothing is in yet, as the command line names it. */
export const places = {
  SQLite(): string {
    const folder = mkdtempSync(join(tmpdir(), 'personas-migrate-'))
    folders.push(folder)
    return folder
  },
  MongoDB(): string {
    const mongo = inject('mongo')
    if ('unavailable' in mongo) throw new Error(mongo.unavailable)
    return freshMongoUrl(mongo.url)
  },
}

/** Opens the store at a place, and closes it after `work`. */
export async function within<T>(place: string, work: (store: Store) => Promise<T>): Promise<T> {
  const store = await open(locate(place))
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

const key = { ciphertext: 'c2VhbGVk', mask: 'sk-a...wxyz', keepIfMask: '' }

/** Fills a store with a bit of everything; the clock goes back now and then. */
export function fill(place: string, personas = 40): Promise<void> {
  return within(place, async (store) => {
    await store.insertProject({ id: 'second', name: 'Registered first' }, T0)
    const models = { image: 'gpt-image-1', persona: 'gpt-5-mini' }
    const llmSettings = { provider: 'openai', models, apiKey: key }
    await store.updateProject('first', { name: 'Keyed', maxConcurrency: 4, llmSettings }, T0 - 1_000)
    const images = range(7).map((i) => newImage(imageRoles[i % 3], 1 + 50_000 * i))
    for (const image of images) await store.insertImage('first', image)
    const fields = {
      description: 'Täglich',
      systemPrompt: 'x'.repeat(900),
      headers: { 'X-B': '2', 'X-A': '' },
    }
    const made = await Promise.all(
      range(personas).map((i) =>
        insert(
          store,
          ['first', 'ünregistered/🙂', 'second'][i % 3] ?? '',
          i % 2 ? fields : {},
          T0 - (i % 5) * 900,
        ),
      ),
    )
    const imageUrl = images[0]?.id
    await store.updatePersona('first', made[0]?.id ?? '', { imageUrl, now: T0 + 5 })
    const update = (project: string, at: number, change: Parameters<Store['updatePersona']>[2]) =>
      store.updatePersona(project, made[at]?.id ?? '', change)
    await update('first', 3, { description: null, now: T0 + 6 })
    await update('first', 3, { tags: ['b', 'a'], metadata: { 'z.$': '1', a: '' }, now: T0 + 7 })
    await update('first', 3, {
      description: 'Täglich',
      tags: null,
      metadata: null,
      revertedFrom: 1,
      now: T0 + 8,
    })
    await update('first', 3, { imageUrl, now: T0 + 9 })
    await update('ünregistered/🙂', 1, { headers: null, now: T0 - 1 })
    // Refused: MongoDB has noted the current version by then, which is no history yet.
    await update('first', 3, { name: made[0]?.name, now: T0 + 10 })
    // One is gone: the order has a hole.
    if (made[6] !== undefined) await store.deletePersona('first', made[6].id)
  })
}

/** Adds so many personas more, in little time. */
export function addMany(place: string, count: number): Promise<void> {
  const records = range(count).map(() => ({ projectId: 'first', persona: storedPersona() }))
  return within(place, (store) => store.transfer.personas.append(records))
}

/** The versions of a persona, and what each held. */
async function historyOf(store: Store, projectId: string, id: string) {
  const entries = await store.listVersions(projectId, id, { limit: 1_000 })
  if (entries === 'missing') return entries
  return Promise.all(
    entries.map(async (entry) => [entry, await store.findVersion(projectId, id, entry.version)]),
  )
}

/** All that callers of the service could see. */
export function contentOf(place: string): Promise<unknown> {
  return within(place, async (store) => {
    const listed = await projectsOf(store)
    const projects = await Promise.all(
      ['first', 'ünregistered/🙂', 'second'].map(async (id) => {
        const ids = await store.listImageIds(id)
        const personas = await listOf(store, id, { limit: 10_000 })
        const listed = personas === 'bad-cursor' ? [] : personas.items
        return {
          personas,
          histories: await Promise.all(
            listed.filter(({ version }) => version > 1).map((persona) => historyOf(store, id, persona.id)),
          ),
          project: await store.findProject(id),
          images: await Promise.all(
            ids.map(async (imageId) => {
              const image = await store.findImage(id, imageId)
              // Comparing bytes one by one takes seconds.
              return { ...image, bytes: image?.bytes.toString('base64') }
            }),
          ),
        }
      }),
    )
    return { listed, projects }
  })
}

interface Watching {
  /** Told each step, and how far it is. */
  onAdvance?: (label: string, done: number) => void
  signal?: AbortSignal
}

/** Migrates without a terminal; gives the lines that were printed. */
export async function move(from: string, to: string, watching: Watching = {}): Promise<string[]> {
  const lines: string[] = []
  const progress: Progress = {
    begin(label) {
      let done = 0
      return {
        advance(count) {
          done += count
          watching.onAdvance?.(label, done)
        },
        end: () => undefined,
      }
    },
  }
  const { signal = new AbortController().signal } = watching
  await migrate({ from, to }, { progress, print: (line) => lines.push(line), signal })
  return lines
}

/** Counts what is stored, kind by kind. */
export function countsOf(place: string): Promise<Record<string, number>> {
  return within(place, async ({ transfer }) => ({
    projects: await transfer.projects.estimate(),
    images: await transfer.images.estimate(),
    versions: await transfer.versions.estimate(),
    personas: await transfer.personas.estimate(),
  }))
}
