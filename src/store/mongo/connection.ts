import { type Db, type DbOptions, MongoClient, type MongoClientOptions, ReadConcern } from 'mongodb'
import { ServiceError } from '../../errors/error.js'
import { reconnectWhenHung } from './reconnect.js'
import { withTimeout } from './timeout.js'

const DEFAULT_DATABASE = 'personas'
/** Longest wait for a connection at start, in ms. */
const CONNECT_MS = 8_000

const clientOptions: MongoClientOptions = {
  appName: 'personas-api',
  serverSelectionTimeoutMS: 4_000,
  connectTimeoutMS: 4_000,
  waitQueueTimeoutMS: 4_000,
  // Silence, not duration: a large image that is still being sent is not cut off.
  socketTimeoutMS: 4_000,
}

// On the database, not on the client, where options of the URL would win over them.
const guarantees: DbOptions = {
  writeConcern: { w: 'majority', journal: true, wtimeoutMS: 4_000 },
  readConcern: new ReadConcern('majority'),
  readPreference: 'primary',
}

export interface MongoConnection {
  db: Db
  /** Host, port and database, without credentials. */
  address: string
  /** Ends all connections; a second call does nothing. */
  close(): Promise<void>
}

/**
 * Connects to the MongoDB of a connection string; the database is the one it names, `personas` otherwise.
 * Throws within 10 s an Error of one line, which names the hosts and never the credentials.
 */
export async function connectMongo(url: string): Promise<MongoConnection> {
  const { client, db, address } = parse(url)
  try {
    await withTimeout(() => client.connect(), CONNECT_MS)
    await withTimeout(() => db.command({ ping: 1 }))
    const hung = reconnectWhenHung(client)
    const close = () => {
      hung.stop()
      return client.close()
    }
    return { db, address, close }
  } catch (error) {
    await client.close().catch(() => undefined)
    throw unusable(address, error)
  }
}

function parse(url: string): { client: MongoClient; db: Db; address: string } {
  try {
    const client = new MongoClient(url, clientOptions)
    // The driver does not tell a missing name from `test`.
    const named = /^[^:]+:\/\/[^/?]*\/([^?]+)/.test(url)
    const db = client.db(named ? undefined : DEFAULT_DATABASE, guarantees)
    const hosts = client.options.srvHost ?? client.options.hosts.join(',')
    return { client, db, address: `${hosts}/${db.databaseName}` }
  } catch {
    // The driver's message can quote the string, and with it the password.
    throw new Error('MONGODB_URL is malformed: expected mongodb://[user:password@]host[:port]/database')
  }
}

/** The one line that says why a database cannot be used. */
export function unusable(address: string, error: unknown): Error {
  return new Error(`Cannot use MongoDB at ${address}: ${reasonOf(error)}`, { cause: error })
}

const NO_ANSWER = 'it does not answer'

function reasonOf(error: unknown): string {
  const cause = error instanceof ServiceError ? error.cause : error
  if (!(cause instanceof Error)) return NO_ANSWER
  const code = 'code' in cause ? cause.code : undefined
  // AuthenticationFailed, the same from Atlas, and Unauthorized
  if (code === 18 || code === 8000) return 'it refuses the credentials'
  if (code === 13) return 'the user may not read, write and create indexes there'
  return cause.message.split('\n', 1)[0] || NO_ANSWER
}
