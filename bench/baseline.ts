// The services that the benchmark compares with, each in its own process:
//   bare       Fastify routes that answer constants
//   sqlite     Fastify and libsql, written by hand: the same work on the store without our layers
//   mongo      the same with the MongoDB driver
//   trpc       tRPC's own Fastify adapter on a procedure that answers a constant
//   model      a provider of language models that answers at once
//   chat       OpenAI's SDK in a bare route, with that provider (OPENAI_BASE_URL)
// Started by bench.ts with KIND, PORT, and the other variables that the kind needs.
import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { initTRPC } from '@trpc/server'
import { fastifyTRPCPlugin } from '@trpc/server/adapters/fastify'
import fastify from 'fastify'
import Database from 'libsql'
import { MongoClient } from 'mongodb'
import OpenAI from 'openai'
import { z } from 'zod'
import { sample } from './sample.js'

interface PersonaParams {
  Params: { projectId: string; id: string }
}
interface Draft {
  Body: { name: string; description?: string; systemPrompt?: string; headers?: Record<string, string> }
  Params: { projectId: string }
}

const app = fastify()
const { KIND, PORT, DATA_FILE, MONGODB_URL } = process.env

function bare() {
  const rows = Array.from({ length: 1_000 }, () => ({ ...sample, id: randomUUID() }))
  app.get('/constant', async () => sample)
  app.get('/constants', async () => rows)
}

/** A text as it is searched. */
function folded(text: string): string {
  return text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase()
}

function sqlite() {
  const db = new Database(DATA_FILE ?? '')
  db.pragma('locking_mode = EXCLUSIVE')
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  const find = db.prepare('SELECT * FROM personas WHERE project_id = ? AND id = ?')
  const insert = db.prepare(
    'INSERT INTO personas (project_id, id, name, updated_at, body) VALUES (?, ?, ?, ?, ?)',
  )
  const insertText = db.prepare(
    "INSERT INTO persona_search (project_id, seq, text, tags) VALUES (?, last_insert_rowid(), ?, '[]')",
  )
  app.get<PersonaParams>('/api/projects/:projectId/personas/:id', async (request) => {
    const row: any = find.get(request.params.projectId, request.params.id)
    return JSON.parse(row.body)
  })
  app.post<Draft>('/api/projects/:projectId/personas', async (request, reply) => {
    const { name, description, systemPrompt, headers } = request.body
    const id = randomUUID()
    const now = Date.now()
    const at = new Date(now).toISOString()
    const persona = { id, name, description, systemPrompt, headers, createdAt: at, updatedAt: at }
    const text = folded(`${name}\n${description ?? ''}`)
    db.exec('BEGIN IMMEDIATE')
    insert.run(request.params.projectId, id, name, now, JSON.stringify(persona))
    insertText.run(request.params.projectId, text)
    db.exec('COMMIT')
    reply.code(201)
    return persona
  })
}

async function mongo() {
  const client = await MongoClient.connect(MONGODB_URL ?? '', {
    writeConcern: { w: 'majority', journal: true },
  })
  const personas = client.db().collection('personas')
  await personas.createIndexes([
    { key: { projectId: 1, name: 1 }, unique: true },
    { key: { projectId: 1, id: 1 }, unique: true },
    { key: { projectId: 1, createdAt: 1, _id: 1 } },
    { key: { projectId: 1, updatedAt: 1, _id: 1 } },
    { key: { projectId: 1, tagKeys: 1, createdAt: 1, _id: 1 } },
    { key: { projectId: 1, imageUrl: 1 } },
  ])
  app.get<PersonaParams>('/api/projects/:projectId/personas/:id', async (request) => {
    const { projectId, id } = request.params
    const found: any = await personas.findOne({ projectId, id })
    const { _id, projectId: _, createdAt, updatedAt, headers, ...rest } = found
    return {
      ...rest,
      createdAt: createdAt.toISOString(),
      updatedAt: updatedAt.toISOString(),
      headers: headers && Object.fromEntries(headers),
    }
  })
  app.post<Draft>('/api/projects/:projectId/personas', async (request, reply) => {
    const now = new Date()
    const { headers, ...body } = request.body
    const id = randomUUID()
    await personas.insertOne({
      projectId: request.params.projectId,
      id,
      ...body,
      headers: headers && Object.entries(headers),
      search: folded(`${body.name}\n${body.description ?? ''}`),
      tagKeys: [],
      createdAt: now,
      updatedAt: now,
    })
    reply.code(201)
    return { id, ...body, headers, createdAt: now.toISOString(), updatedAt: now.toISOString() }
  })
}

function trpc() {
  const t = initTRPC.create()
  const router = t.router({
    constant: t.procedure.input(z.object({ id: z.string() })).query(() => sample),
  })
  app.register(fastifyTRPCPlugin, { prefix: '/trpc', trpcOptions: { router } })
}

const TOKENS = 200
const TURN = JSON.stringify({ message: 'Where is my refund?', done: false, reason: 'continue' })

function model() {
  const about = { id: 'chatcmpl-1', created: 1_772_000_000, model: 'm' }
  const message = { role: 'assistant', content: TURN, refusal: null }
  const usage = { prompt_tokens: 600, completion_tokens: 20, total_tokens: 620 }
  const whole = { ...about, choices: [{ index: 0, message, finish_reason: 'stop' }], usage }
  const chunk = (delta: object, finish_reason: string | null = null) =>
    `data: ${JSON.stringify({ ...about, choices: [{ index: 0, delta, finish_reason }] })}\n\n`
  app.post<{ Body: { stream?: boolean } }>('/v1/chat/completions', async ({ body }, reply) => {
    if (body.stream !== true) return whole
    const tokens = Array.from({ length: TOKENS }, () => chunk({ content: 'word ' }))
    return reply
      .type('text/event-stream')
      .send(Readable.from([...tokens, chunk({}, 'stop'), 'data: [DONE]\n\n']))
  })
}

function chat() {
  const client = new OpenAI({ apiKey: 'sk-bench', baseURL: process.env.OPENAI_BASE_URL, maxRetries: 0 })
  const request = { model: 'm', messages: [{ role: 'user' as const, content: 'How can I help?' }] }
  app.post('/whole', async () => client.chat.completions.create(request))
  app.post('/stream', async (_, reply) => {
    async function* events() {
      const stream = await client.chat.completions.create({ ...request, stream: true })
      for await (const chunk of stream) yield `data: ${JSON.stringify(chunk)}\n\n`
      yield 'data: [DONE]\n\n'
    }
    return reply.type('text/event-stream').send(Readable.from(events()))
  })
}

if (KIND === 'bare') bare()
if (KIND === 'sqlite') sqlite()
if (KIND === 'mongo') await mongo()
if (KIND === 'trpc') trpc()
if (KIND === 'model') model()
if (KIND === 'chat') chat()
await app.listen({ port: Number(PORT), host: '127.0.0.1' })
console.log('ready')
