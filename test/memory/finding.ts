import { type Asked, ask, askJson, batchOf } from '../support/ask.js'
import { fill } from '../support/samples.js'
import { atOnce, type Site } from './site.js'

const PROJECT = 'found'
const VERSIONED = 'versioned'
const COUNT = 10_000
/** As many as are kept unless the configuration says otherwise. */
const VERSIONS = 100
const words = ['angry', 'billing', 'refund', 'quick', 'polite', 'shipping', 'invoice', 'manager']

/** Personas with words and tags, one in 2,000 with a word of its own, and one with versions of 400 KB each. */
export async function prepareFinding({ base }: Site): Promise<void> {
  await fill(base, PROJECT, {
    count: COUNT,
    bytes: 600,
    fields: (at) => ({
      description: `Feels ${words[at % 8]} about ${words[(at >> 3) % 8]}${at % 2_000 === 1_500 ? ', and zebras' : ''}`,
      tags: [words[at % 8], at % 3 === 0 ? 'Third' : 'Other'],
    }),
  })
  const path = `/api/projects/${VERSIONED}/personas`
  const promptOf = (version: number) => version + '\u{1f600}'.repeat(99_900)
  const { id } = await askJson(base, { path, body: JSON.stringify({ name: 'v', systemPrompt: promptOf(1) }) })
  for (let version = 2; version <= VERSIONS; version += 1) {
    const body = JSON.stringify({ systemPrompt: promptOf(version) })
    await askJson(base, { method: 'PUT', path: `${path}/${id}`, body })
  }
}

/** A common word, two characters that are nowhere, a rare word, several words, tags, and every order. */
const queries = [
  { q: 'angry' },
  { q: 'qz' },
  { q: 'zebra' },
  { q: 'angry bill 9' },
  { tags: ['third', 'ANGRY'] },
  { q: 'e', tags: ['other'] },
]
const sorts = ['createdAt', '-createdAt', 'updatedAt', '-updatedAt', 'name', '-name']

function inputOf(at: number) {
  const query = queries[at % queries.length]
  return {
    projectId: PROJECT,
    ...query,
    sort: sorts[Math.floor(at / queries.length) % sorts.length],
    limit: 500,
  }
}

function searchOf(at: number): Asked {
  const { projectId, ...query } = inputOf(at)
  const pairs = new URLSearchParams()
  for (const [name, value] of Object.entries(query))
    for (const each of [value].flat()) pairs.append(name === 'tags' ? 'tag' : name, String(each))
  return { path: `/api/projects/${projectId}/personas?${pairs}` }
}

/** Searches in REST and in batches, with tags that are counted, and versions that are listed and read. */
export async function findAtOnce(site: Site): Promise<void> {
  const { body } = await ask(site.base, { path: `/api/projects/${VERSIONED}/personas` })
  const [{ id }] = JSON.parse(body.toString())
  const key = { projectId: VERSIONED, id }
  const calls = Array.from({ length: VERSIONS }, (_, at) => at)
  const batches = [
    batchOf('personas.page', calls.map(inputOf)),
    batchOf(
      'personas.versions',
      calls.map(() => key),
    ),
    batchOf(
      'personas.get',
      calls.map((at) => ({ ...key, version: at + 1 })),
    ),
    batchOf(
      'personas.tags',
      calls.map(() => ({ projectId: PROJECT })),
    ),
  ]
  const persona = `/api/projects/${VERSIONED}/personas/${id}`
  const history = (at: number): Asked => ({
    path: at % 2 === 0 ? `${persona}/versions` : `${persona}?version=${1 + (at % VERSIONS)}`,
  })
  await Promise.all([
    atOnce(site, 400, searchOf),
    atOnce(site, 200, history),
    atOnce(site, 80, (at) => batches[at % batches.length] ?? searchOf(at)),
  ])
}
