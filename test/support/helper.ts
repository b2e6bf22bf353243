import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTRPCClient, httpBatchLink, TRPCClientError } from '@trpc/client'
import type { AnyProcedure } from '@trpc/server'
import { afterAll, expect, inject } from 'vitest'
import { type AppRouter, appRouter } from '../../src/api/router.js'
import { buildApp } from '../../src/app.js'
import { readConfig } from '../../src/config.js'
import { createServices } from '../../src/services.js'
import { openMongoStore } from '../../src/store/mongo/mongo.js'
import { openSqliteStore } from '../../src/store/sqlite/sqlite.js'
import type { Store, StoreOptions } from '../../src/store/store.js'
import { freshMongoUrl } from '../store/mongo/server.js'
import { heldToItsErrors } from './listed.js'
import { builtOn, killServices, OUT_OF_REACH, startServiceProcess } from './service-process.js'

interface Database {
  name: string
  open(dataDir: string, options?: StoreOptions): Promise<Store>
  /** The setting with which a service of another process opens the like. */
  env?(): Record<string, string>
}

function mongoUrl(): string {
  const mongo = inject('mongo')
  if ('unavailable' in mongo) throw new Error(mongo.unavailable)
  return freshMongoUrl(mongo.url)
}

/** The databases that every operation is tested on. */
export const databases: Database[] = [
  { name: 'SQLite', open: async (dataDir, options) => openSqliteStore(dataDir, options), env: () => ({}) },
  {
    name: 'MongoDB',
    open: async (_, options) => openMongoStore(mongoUrl(), options),
    env: () => ({ MONGODB_URL: mongoUrl() }),
  },
]

/** What came of a call, whichever interface it went through. */
export interface Outcome {
  status: number
  value?: any
  code?: string
  message?: string
  reason?: string
  issues?: { path: string; message: string }[]
  headers?: Headers
}

type Input = Record<string, unknown>

/** One of the two interfaces, so that a test of a behaviour runs through both. */
export interface Caller {
  name: string
  call(procedure: string, input: Input): Promise<Outcome>
}

export interface Running {
  url: string
  store: Store
  services: ReturnType<typeof createServices>
  rest: Caller
  trpc: Caller
  client: ReturnType<typeof createTRPCClient<AppRouter>>
  /** A request of REST, as it comes. */
  send(path: string, init?: RequestInit): Promise<Response>
  /** The same service, as callers see it who send these headers. */
  as(headers: Record<string, string>): Running
  close(): Promise<void>
}

// The REST twin of each procedure, written out so that tests hold the routes to the contract.
const routes: Record<string, [method: string, path: string]> = {
  'personas.list': ['GET', '/personas'],
  'personas.tags': ['GET', '/tags'],
  'personas.import': ['POST', '/personas/import'],
  'personas.create': ['POST', '/personas'],
  'personas.get': ['GET', '/personas/:id'],
  'personas.update': ['PUT', '/personas/:id'],
  'personas.versions': ['GET', '/personas/:id/versions'],
  'personas.revert': ['POST', '/personas/:id/revert'],
  'personas.delete': ['DELETE', '/personas/:id'],
  'personas.generateImage': ['POST', '/personas/:id/generate-image'],
  'personas.mergeHeaders': ['POST', '/personas/:id/merge-headers'],
  'personas.prompt': ['GET', '/personas/:id/prompt'],
  'personas.generate': ['POST', '/personas/generate'],
  'personas.simulate': ['POST', '/personas/:id/simulate'],
  'projects.list': ['GET', ''],
  'projects.create': ['POST', ''],
  'projects.getConfig': ['GET', '/config'],
  'projects.updateConfig': ['PUT', '/config'],
  'projects.delete': ['DELETE', ''],
  'images.upload': ['POST', '/images'],
  'images.list': ['GET', '/images'],
  'images.delete': ['DELETE', '/images/:imageId'],
}

const success: Record<string, number> = {
  'personas.create': 201,
  'projects.create': 201,
  'images.upload': 201,
  'personas.delete': 204,
  'projects.delete': 204,
  'images.delete': 204,
}

/** An input field as the query has it. */
function queryOf([field, value]: [string, unknown]): [string, string][] {
  return [value].flat().map((each) => [field === 'tags' ? 'tag' : field, String(each)])
}

function restCaller(send: Running['send']): Caller {
  return {
    name: 'REST',
    async call(procedure, { projectId, id, imageId, ifMatch, ...input }) {
      const [method, pattern] = routes[procedure] ?? ['', '']
      const project = projectId === undefined ? '' : `/${encodeURIComponent(String(projectId))}`
      let path = `/api/projects${project}${pattern}`
        .replace(':id', encodeURIComponent(String(id)))
        .replace(':imageId', encodeURIComponent(String(imageId)))
      const headers: Record<string, string> = {}
      if (ifMatch !== undefined)
        headers['If-Match'] = [ifMatch]
          .flat()
          .map((tag) => `"${tag}"`)
          .join(', ')
      const hasBody = method === 'POST' || method === 'PUT'
      if (hasBody) headers['Content-Type'] = 'application/json'
      else if (Object.keys(input).length > 0) {
        path += `?${new URLSearchParams(Object.entries(input).flatMap(queryOf))}`
      }
      const response = await send(path, { method, headers, ...(hasBody && { body: JSON.stringify(input) }) })
      const text = await response.text()
      const body = text === '' ? undefined : JSON.parse(text)
      const { status } = response
      if (response.ok) return { status, value: body, headers: response.headers }
      return { status, ...body, headers: response.headers }
    },
  }
}

function trpcCaller(client: Running['client']): Caller {
  return {
    name: 'tRPC',
    async call(procedure, input) {
      try {
        const query = routes[procedure]?.[0] === 'GET' || /Page$|\.page$/.test(procedure)
        // The client's untyped runtime takes any path; tests send wrong inputs on purpose.
        const untyped = client as unknown as Record<
          string,
          Record<string, Record<string, (i: Input) => unknown>>
        >
        const [group = '', name = ''] = procedure.split('.')
        const value = await untyped[group]?.[name]?.[query ? 'query' : 'mutate']?.(input)
        return { status: success[procedure] ?? 200, value }
      } catch (error) {
        if (!(error instanceof TRPCClientError) || error.data === undefined) throw error
        const { httpStatus, ...data } = error.data
        return { status: httpStatus, message: error.message, ...data }
      }
    },
  }
}

interface StartOptions {
  env?: Record<string, string>
  headers?: Record<string, string>
  requestTimeout?: number
  answerTimeout?: number
}

type Started = Pick<Running, 'url' | 'store' | 'services'> & { stop(): Promise<void> }

async function startHere(database: Database, dataDir: string, options: StartOptions): Promise<Started> {
  const config = readConfig({ DATA_DIR: dataDir, LOG_LEVEL: 'silent', ...options.env })
  const store = await database.open(dataDir, config)
  const services = createServices(config, store)
  const app = await buildApp({
    config,
    store,
    services,
    ...(options.requestTimeout !== undefined && { requestTimeout: options.requestTimeout }),
    ...(options.answerTimeout !== undefined && { answerTimeout: options.answerTimeout }),
  })
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  const stop = async () => {
    app.server.closeAllConnections()
    await app.close()
    await store.close()
  }
  return { url, store, services, stop }
}

// Whatever a test asks for here, procedures return the errors that they list, and no others.
const unlisted = new Set<string>()
// Flat at run time, by dotted path.
const procedures = appRouter._def.procedures as unknown as Record<string, AnyProcedure>
for (const [path, procedure] of Object.entries(procedures)) {
  procedures[path] = heldToItsErrors(path, procedure, (fault) => unlisted.add(fault))
}
afterAll(() => expect([...unlisted]).toEqual([]))

// A test that is stopped by what is out of its reach does not come to close what it started.
afterAll(killServices)

function outOfReach(): never {
  throw new Error(OUT_OF_REACH)
}

/** Starts the built service in a process of its own, as test/runtimes/runtimes.ts has it. */
async function startElsewhere(
  runtime: string,
  database: Database,
  { dataDir, env, requestTimeout, answerTimeout }: StartOptions & { dataDir: string },
): Promise<Started> {
  if (database.env === undefined || requestTimeout !== undefined || answerTimeout !== undefined) outOfReach()
  const command = builtOn(runtime)
  const settings = { DATA_DIR: dataDir, LOG_LEVEL: 'silent', ...database.env(), ...env }
  const { url, stopWell } = await startServiceProcess({ command, env: settings })
  return {
    url,
    stop: stopWell,
    get store() {
      return outOfReach()
    },
    get services() {
      return outOfReach()
    },
  }
}

/**
 * Starts the service on a port of its own, with a data directory of its own: in this process, or where
 * PERSONAS_RUNTIME names a program, as built and run by that.
 */
export async function startService(database = databases[0], options: StartOptions = {}): Promise<Running> {
  if (database === undefined) throw new Error('No database is given')
  const dataDir = mkdtempSync(join(tmpdir(), 'personas-test-'))
  const runtime = process.env.PERSONAS_RUNTIME
  const started =
    runtime === undefined
      ? await startHere(database, dataDir, options)
      : await startElsewhere(runtime, database, { ...options, dataDir })
  const close = async () => {
    await started.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
  return runningAs(options.headers ?? {}, started, close)
}

function runningAs(headers: Record<string, string>, started: Started, close: Running['close']): Running {
  const { url } = started
  const send: Running['send'] = (path, init = {}) =>
    fetch(`${url}${path}`, { ...init, headers: { ...headers, ...(init.headers as object) } })
  const client = createTRPCClient<AppRouter>({ links: [httpBatchLink({ url: `${url}/trpc`, headers })] })
  return {
    url,
    // Read when they are asked for: where the service is another process, that is refused.
    get store() {
      return started.store
    },
    get services() {
      return started.services
    },
    send,
    client,
    rest: restCaller(send),
    trpc: trpcCaller(client),
    as: (others) => runningAs(others, started, close),
    close,
  }
}

/** A project id that no other test uses. */
export function newProjectId(): string {
  return `project-${randomUUID()}`
}
