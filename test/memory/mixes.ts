import { setTimeout as delay } from 'node:timers/promises'
import { type Asked, ask, batchedMutations, batchOf, bytesOf, sendUnread } from '../support/ask.js'
import { fill, flatPicture, noisePicture, provide, upload } from '../support/samples.js'
import type { Small } from '../support/watch.js'
import { findAtOnce, prepareFinding } from './finding.js'
import { atOnce, counted, type Site } from './site.js'
import { prepareTalking, talkAtOnce } from './talking.js'

/** A load that the service must bear. */
export interface Mix {
  id: string
  title: string
  /** Whether it has pictures or portraits, which may take more memory. */
  pictures: boolean
  /** Stores what it needs, through a process that is then stopped. */
  prepare?(site: Site): Promise<void>
  run(site: Site): Promise<void>
  /** Small requests beside the usual ones. */
  watch?: Small[]
}

const BIG = 'big'
const LIST = { path: `/api/projects/${BIG}/personas` }
const json = (value: unknown) => JSON.stringify(value)

/** 10,000 personas whose list is 11.5 MB. */
async function prepareList({ base }: Site): Promise<void> {
  await fill(base, BIG, { count: 10_000, bytes: 930 })
}

const lists = (times: number): Asked => batchOf('personas.list', Array(times).fill({ projectId: BIG }))

/** Calls of the tool that lists personas, as agents send them; more than one are a batch. */
function toolLists(times: number): Asked {
  const params = { name: 'personas_list', arguments: { projectId: BIG, full: true, limit: 500 } }
  const calls = Array.from({ length: times }, (_, id) => ({
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params,
  }))
  const headers = { accept: 'application/json, text/event-stream' }
  return { path: '/mcp', headers, body: json(times === 1 ? calls[0] : calls) }
}

/** The ids of what `prepare` uploaded, from the running service. */
async function imageIds({ base }: Site, project: string): Promise<string[]> {
  const { body } = await ask(base, { path: `/api/projects/${project}/images` })
  return JSON.parse(body.toString()).ids
}

async function ordinary(site: Site): Promise<void> {
  await delay(3_000)
  const until = Date.now() + 10_000
  const project = 'ordinary'
  await Promise.all(
    Array.from({ length: 20 }, async (_, caller) => {
      for (let turn = 0; Date.now() < until; turn += 1) {
        const body = json({ name: `Persona ${caller} ${turn}`, systemPrompt: 'x'.repeat(2_000) })
        await counted(site, { path: `/api/projects/${project}/personas`, body })
        await counted(site, { path: `/api/projects/${project}/personas?limit=100` })
        await counted(site, batchOf('personas.page', Array(5).fill({ projectId: project, limit: 50 })))
      }
    }),
  )
}

/** Bodies of almost 1 MiB that are cheap to send and dear to look at. */
function hostileRequests(): Asked[] {
  const full = (head: string, { part, tail }: { part: string; tail: string }) =>
    head + part.repeat(Math.floor((1_048_000 - head.length - tail.length) / Buffer.byteLength(part))) + tail
  const path = '/api/projects/hostile/personas'
  const persona = '00000000-0000-4000-8000-000000000000'
  return [
    { path, body: full('{"headers":[', { part: '[],', tail: '[]]}' }) },
    { path, body: full('{"name":"n","unknown":[', { part: '{},', tail: '{}]}' }) },
    { path, body: full('{"name":"a', { part: '\u0301\u0316', tail: '"}' }) },
    {
      path: '/trpc/personas.update',
      body: full(`{"projectId":"hostile","id":"${persona}","ifMatch":[`, { part: '1,', tail: '1]}' }),
    },
    {
      path: '/trpc/personas.create',
      body: full('{"projectId":"hostile","name":[', { part: '[],', tail: '[]]}' }),
    },
  ]
}

/** A file of JSON of almost 10 MiB. */
function importOf10MiB(): string {
  const systemPrompt = 'x'.repeat(2_040)
  return json(Array.from({ length: 5_000 }, (_, at) => ({ name: `Imported ${at}`, systemPrompt })))
}

/** Exports whose callers read what is there every 200 ms, and hang up after 20 seconds. */
async function exportSlowly({ base }: Site): Promise<void> {
  const formats = ['json', 'jsonl', 'yaml', 'csv']
  const sockets = Array.from({ length: 20 }, (_, at) =>
    sendUnread(base, bytesOf({ path: `/api/projects/${BIG}/personas/export?format=${formats[at % 4]}` })),
  )
  for (let turn = 0; turn < 100; turn += 1) {
    for (const socket of sockets) socket.read()
    await delay(200)
  }
  for (const socket of sockets) socket.resetAndDestroy()
}

async function provided({ base }: Site, count: number): Promise<void> {
  await provide(base, 'drawn')
  await fill(base, 'drawn', { count, bytes: 100 })
}

async function draw(site: Site): Promise<void> {
  const { body } = await ask(site.base, { path: '/api/projects/drawn/personas' })
  const ids: string[] = JSON.parse(body.toString()).map(({ id }: { id: string }) => id)
  await atOnce(site, ids.length, (at) => ({
    method: 'POST',
    path: `/api/projects/drawn/personas/${ids[at]}/generate-image`,
  }))
}

/** A small upload of another project every 200 ms. */
async function smallUploads(): Promise<Small[]> {
  const picture = await noisePicture(16)
  const body = Buffer.from(json({ imageBase64: picture.toString('base64'), role: 'upload' })).toString(
    'base64',
  )
  const headers = { 'Content-Type': 'application/json' }
  return [
    { name: 'small upload', everyMs: 200, method: 'POST', path: '/api/projects/small/images', headers, body },
  ]
}

async function flatUploads(): Promise<{ projectId: string; imageBase64: string; role: string }> {
  return { projectId: 'flat', imageBase64: (await flatPicture()).toString('base64'), role: 'upload' }
}

/** Every mix of requests whose memory and waits the contract speaks of. */
export async function allMixes(): Promise<Mix[]> {
  const flat = await flatUploads()
  const mixes: Mix[] = [
    { id: '1', title: 'idle, then 20 callers with ordinary requests', pictures: false, run: ordinary },
    ...[
      { id: '2a', title: 'a tRPC batch of 100 lists of 11.5 MB', times: 100, batches: 1 },
      { id: '2b', title: 'a batch of 30 lists', times: 30, batches: 1 },
      { id: '2c', title: 'a batch of 60 lists', times: 60, batches: 1 },
      { id: '2d', title: '60 batches of 100 lists at once', times: 100, batches: 60 },
    ].map(({ times, batches, ...rest }) => ({
      ...rest,
      pictures: false,
      prepare: prepareList,
      run: (site: Site) => atOnce(site, batches, () => lists(times)),
    })),
    {
      id: '3',
      title: '80 lists of 11.5 MB that nobody reads',
      pictures: false,
      prepare: prepareList,
      async run({ base }) {
        const sockets = Array.from({ length: 80 }, () => sendUnread(base, bytesOf(LIST)))
        await delay(20_000)
        for (const socket of sockets) socket.resetAndDestroy()
      },
    },
    {
      id: '4',
      title: '8 portraits at once with 16 style references of 9.7 MB',
      pictures: true,
      async prepare(site) {
        await provided(site, 8)
        const picture = await noisePicture(1_800)
        const role = 'persona-avatar-styleguide'
        for (let count = 0; count < 16; count += 1) await upload(site.base, 'drawn', { picture, role })
      },
      run: draw,
    },
    {
      id: '5',
      title: '160 variants at once of 32 pictures of 9.7 MB',
      pictures: true,
      async prepare({ base }) {
        for (let count = 0; count < 32; count += 1) {
          await upload(base, 'large', { picture: await noisePicture(1_800) })
        }
      },
      async run(site) {
        const ids = await imageIds(site, 'large')
        await atOnce(site, ids.length * 5, (at) => ({
          path: `/api/projects/large/images/${ids[at % ids.length]}?size=${64 * 2 ** Math.floor(at / ids.length)}`,
        }))
      },
    },
    {
      id: '6a',
      title: '30 uploads of 24 megapixels at once',
      pictures: true,
      watch: await smallUploads(),
      run: (site) => atOnce(site, 30, () => ({ path: '/api/projects/flat/images', body: json(flat) })),
    },
    {
      id: '6b',
      title: 'a tRPC batch of 30 uploads of 24 megapixels',
      pictures: true,
      watch: await smallUploads(),
      run: (site) => counted(site, batchedMutations('images.upload', Array(30).fill(flat))),
    },
    {
      id: '7',
      title: '1,000 hostile JSON bodies of 1 MiB at once',
      pictures: false,
      async run(site) {
        const requests = hostileRequests().map((asked) => ({ ...asked, body: Buffer.from(asked.body ?? '') }))
        const manner = (at: number) => (at % 3 === 0 ? { dribbleMs: 50 } : {})
        await atOnce(site, 1_000, (at) => requests[at % requests.length] ?? LIST, manner)
      },
    },
    {
      id: '8',
      title: 'deleting a project of 10,000 personas',
      pictures: false,
      prepare: prepareList,
      run: (site) => counted(site, { method: 'DELETE', path: `/api/projects/${BIG}` }),
      watch: [{ name: 'health, often', everyMs: 5, path: '/healthz' }],
    },
    {
      id: '9',
      title: '4 portraits whose provider sends 1.5 GB in gzip',
      pictures: true,
      prepare: (site) => provided(site, 4),
      async run(site) {
        site.provider.behave = () => 'sends zeros'
        await draw(site).finally(() => {
          site.provider.behave = () => 'draws'
        })
      },
    },
    {
      id: '10',
      title: '300 uploads of 5 MB and 600 of 24 megapixels at once to /trpc/images%252Eupload',
      pictures: true,
      async run(site) {
        const path = '/trpc/images%252Eupload'
        const large = { ...flat, imageBase64: (await noisePicture(1_290)).toString('base64') }
        const bodies = [large, flat, flat].map((input) => Buffer.from(json(input)))
        await atOnce(site, 900, (at) => ({ path, body: bodies[at % bodies.length] ?? '' }))
      },
    },
    {
      id: '11',
      title: '20 connections that pipeline 1,000 requests for /metrics each, and read no answer',
      pictures: false,
      async run(site) {
        const requests = Buffer.concat(Array<Buffer>(1_000).fill(bytesOf({ path: '/metrics' })))
        const sockets = Array.from({ length: 20 }, () => sendUnread(site.base, requests))
        await delay(5_000)
        for (const socket of sockets) socket.resetAndDestroy()
      },
    },
    {
      id: '12',
      title:
        '400 searches of 500 among 10,000 personas, 200 reads of versions of 400 KB, and 80 tRPC batches of 100 of such calls at once',
      pictures: false,
      prepare: prepareFinding,
      run: findAtOnce,
    },
    {
      id: '13a',
      title: '20 imports of 10 MiB and 5,000 personas at once',
      pictures: false,
      async run(site) {
        const body = Buffer.from(importOf10MiB())
        await atOnce(site, 20, (at) => ({ path: `/api/projects/import-${at % 4}/personas/import`, body }))
      },
    },
    {
      id: '13b',
      title: '20 exports of 10,000 personas that are read slowly',
      pictures: false,
      prepare: prepareList,
      run: exportSlowly,
    },
    {
      id: '14',
      title: '100 calls of personas_list for 500 whole personas of 9 KB, and 20 batches of 20 of them',
      pictures: false,
      async prepare({ base }) {
        await fill(base, BIG, { count: 1_000, bytes: 9_000 })
      },
      run: (site) => atOnce(site, 120, (at) => toolLists(at < 100 ? 1 : 20)),
    },
    {
      id: '15',
      title: '200 turns at once of conversations of 800 KB, half of which the provider refuses as too long',
      pictures: false,
      prepare: prepareTalking,
      run: talkAtOnce,
    },
  ]
  return mixes
}
