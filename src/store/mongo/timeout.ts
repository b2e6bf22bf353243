import { MongoBulkWriteError, MongoError, MongoServerError } from 'mongodb'
import { databaseFull, databaseUnavailable } from '../../errors/store.js'

/** How long a call may wait for the database, in ms: so its 503 is there within 5 s. */
const TIMEOUT_MS = 4_300
/** Slowest connection that images to store are given more time for, in bytes per ms. */
const BYTES_PER_MS = 5_000

/** How long a call that stores an image may wait for the database, in ms. */
export function timeoutFor(bytes: { length: number }): number {
  return TIMEOUT_MS + bytes.length / BYTES_PER_MS
}

// Server error codes of https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml that
// mean "not now": unreachable, shutting down, no primary, no majority, out of time.
const UNAVAILABLE_CODES = new Set([
  6, 7, 50, 64, 89, 91, 100, 133, 134, 189, 202, 262, 317, 358, 384, 9001, 10107, 11600, 11602, 13435, 13436,
])
const OUT_OF_DISK_SPACE = 14031

// Driver errors without a code of the server: nothing answered, or the client is closed.
const UNAVAILABLE_NAMES = new Set([
  'MongoNetworkError',
  'MongoNetworkTimeoutError',
  'MongoServerSelectionError',
  'MongoPoolClearedError',
  'MongoPoolClosedError',
  'MongoPoolClearedOnNetworkError',
  'MongoWaitQueueTimeoutError',
  'MongoServerClosedError',
  'MongoTopologyClosedError',
  'MongoNotConnectedError',
  'MongoClientClosedError',
])

const SOCKET_CODES = new Set([
  'EPIPE',
  'ECONNRESET',
  'ECONNREFUSED',
  'ETIMEDOUT',
  'ENETUNREACH',
  'EHOSTUNREACH',
])

class TimedOut extends Error {}

function translated(error: unknown): unknown {
  if (error instanceof TimedOut) return databaseUnavailable({ cause: error })
  // The driver passes on what a socket throws that was ended under it.
  if (error instanceof Error && 'code' in error && SOCKET_CODES.has(String(error.code)))
    return databaseUnavailable({ cause: error })
  if (!(error instanceof MongoError)) return error
  // What the driver met in the middle of several writes, as a connection that was lost.
  if (error instanceof MongoBulkWriteError && error.errorResponse instanceof MongoError)
    return translated(error.errorResponse)
  if (error.code === OUT_OF_DISK_SPACE) return databaseFull({ cause: error })
  const outage =
    UNAVAILABLE_NAMES.has(error.name) ||
    (error instanceof MongoServerError && UNAVAILABLE_CODES.has(Number(error.code))) ||
    error.hasErrorLabel('RetryableWriteError')
  return outage ? databaseUnavailable({ cause: error }) : error
}

/**
 * Runs statements against the database and waits at most `timeout` ms for them. `work` should ask its
 * signal before each further statement, so that what nobody waits for any more does not go on.
 * Throws a ServiceError `SERVICE_UNAVAILABLE` when the database does not answer or has no space left;
 * other errors pass.
 */
export async function withTimeout<T>(
  work: (signal: AbortSignal) => Promise<T>,
  timeout: number = TIMEOUT_MS,
): Promise<T> {
  // The driver's own limits apply to each attempt of a statement, not to its retries.
  const deadline = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const timedOut = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = new TimedOut(`No answer within ${timeout} ms`)
      deadline.abort(error)
      reject(error)
    }, timeout)
  })
  try {
    return await Promise.race([work(deadline.signal), timedOut])
  } catch (error) {
    throw translated(error)
  } finally {
    clearTimeout(timer)
  }
}
