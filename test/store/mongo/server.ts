import { randomBytes } from 'node:crypto'
import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { MongoClient } from 'mongodb'
import { DryMongoBinary, MongoMemoryServer } from 'mongodb-memory-server'
import { startStandIn } from './stand-in.js'

/** What a mongod keeps and some servers that speak its protocol do not. */
export type Lack =
  | 'atomic conditional updates'
  | 'atomic conditional deletions'
  | 'order by bytes'
  | 'partial indexes'
  | 'ends of statements whose connection is cut'

/** What the servers lack that tests run on, but for a mongod. */
const lacksOf = {
  jongodb: ['atomic conditional deletions', 'order by bytes'],
  // Several updates from one version can all be told that they matched. What a cut connection was doing goes on to
  // keep others from writing, for minutes.
  FerretDB: [
    'atomic conditional updates',
    'atomic conditional deletions',
    'partial indexes',
    'ends of statements whose connection is cut',
  ],
  // Compares text by UTF-16.
  'mongo-java-server': ['order by bytes'],
} satisfies Record<string, Lack[]>

/** Servers other than a mongod that `MONGODB_KIND` can say `MONGODB_URL` is. */
export type Relative = keyof typeof lacksOf

function isRelative(name: string): name is Relative {
  return name in lacksOf
}

/** A MongoDB for tests; `url` names a database of this run, from which `freshMongoUrl` makes others. */
export interface TestMongo {
  url: string
  kind: string
  /** Not a real mongod, see mongo-stand-in.ts. */
  standIn: boolean
  lacks: Lack[]
  stop(): Promise<void>
}

const DOWNLOAD_HOST = 'https://fastdl.mongodb.org'
/** Longest wait for mongodb-memory-server, its download included, in ms. */
const MEMORY_SERVER_MS = 120_000

/**
 * Starts the best MongoDB to be had: the one at `MONGODB_URL`, a mongod unless `MONGODB_KIND` says otherwise; else mongodb-memory-server, with the mongod on
 * the PATH, in its cache or from its download; else a stand-in from npm (Linux x64 only).
 * Throws an Error that says what was tried.
 */
export async function startMongo(): Promise<TestMongo> {
  const given = process.env.MONGODB_URL
  const mongo = given ? givenServer(given) : await ownServer()
  console.log(`Tests use MongoDB: ${mongo.kind}`)
  return mongo
}

async function ownServer(): Promise<TestMongo> {
  const tried: string[] = []
  for (const start of [memoryServer, standIn]) {
    try {
      return await start()
    } catch (error) {
      tried.push(`${start.name}: ${error instanceof Error ? error.message : error}`)
    }
  }
  throw new Error(`No MongoDB for the tests; set MONGODB_URL. Tried ${tried.join('; ')}`)
}

/** The URL of another, new database beside the one of `url`. */
export function freshMongoUrl(url: string): string {
  return withDatabase(url, `${databaseOf(url)}_${randomBytes(4).toString('hex')}`)
}

const DATABASE = /^(mongodb(?:\+srv)?:\/\/[^/?]+)(?:\/([^?]*))?/

function databaseOf(url: string): string {
  return DATABASE.exec(url)?.[2] ?? ''
}

function withDatabase(url: string, database: string): string {
  return url.replace(DATABASE, (_, server) => `${server}/${database}`)
}

function newDatabase(): string {
  return `personas_test_${randomBytes(4).toString('hex')}`
}

function givenServer(given: string): TestMongo {
  // Credentials without authSource are those of the database that the URL named.
  const source = /@/.test(given) && !/[?&]authSource=/.test(given) && databaseOf(given)
  const url = withDatabase(given, newDatabase())
  const kind = process.env.MONGODB_KIND || 'mongod'
  if (kind !== 'mongod' && !isRelative(kind)) throw new Error(`MONGODB_KIND: ${kind} is not known`)
  return {
    url: source ? `${url}${url.includes('?') ? '&' : '?'}authSource=${source}` : url,
    kind: `${kind} at MONGODB_URL`,
    standIn: false,
    lacks: kind === 'mongod' ? [] : lacksOf[kind],
    async stop() {
      const client = new MongoClient(given)
      try {
        const { databases } = await client.db().admin().listDatabases({ nameOnly: true })
        for (const { name } of databases) {
          if (name.startsWith(databaseOf(url))) await client.db(name).dropDatabase()
        }
      } finally {
        await client.close()
      }
    },
  }
}

async function memoryServer(): Promise<TestMongo> {
  const systemBinary = await mongodOnPath()
  const binaryAtHand = systemBinary ?? (await DryMongoBinary.locateBinary(DryMongoBinary.getEnsuredOptions()))
  // A download that cannot begin is not waited for.
  if (!binaryAtHand && !(await isReachable(DOWNLOAD_HOST))) {
    throw new Error(`no mongod on the PATH or in the cache, and ${DOWNLOAD_HOST} does not answer`)
  }
  const binary = systemBinary ? { systemBinary } : {}
  const starting = MongoMemoryServer.create({ binary, instance: { storageEngine: 'wiredTiger' } })
  const server = await within(MEMORY_SERVER_MS, starting)
  const version = server.instanceInfo?.instance.binaryOpts.version
  return {
    url: withDatabase(server.getUri(), newDatabase()),
    kind: `mongodb-memory-server (${systemBinary ?? `mongod ${version}`})`,
    standIn: false,
    lacks: [],
    async stop() {
      await server.stop()
    },
  }
}

async function standIn(): Promise<TestMongo> {
  const { url, name, stop } = await startStandIn()
  const kind = `${name}, a stand-in for a real mongod`
  return { url: withDatabase(url, newDatabase()), kind, standIn: true, lacks: lacksOf.jongodb, stop }
}

async function mongodOnPath(): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, process.platform === 'win32' ? 'mongod.exe' : 'mongod')
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (found) return path
  }
  return undefined
}

async function isReachable(url: string): Promise<boolean> {
  return fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(3_000) }).then(
    () => true,
    () => false,
  )
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not there after ${ms / 1000} s`)), ms)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
