import { entry } from './error.js'

const NO_ANSWER = 'The database does not answer; try again in a few seconds'

export const databaseUnavailable = entry({ code: 'SERVICE_UNAVAILABLE', text: NO_ANSWER, retryAfter: 5 })

/** For a database server without space; it may be another's to free. */
export const databaseFull = entry({
  code: 'SERVICE_UNAVAILABLE',
  reason: 'storage_full',
  text: NO_ANSWER,
  retryAfter: 5,
})

/** For a database file that is gone, damaged, or could not be read or written. */
export const storageFault = entry({
  code: 'SERVICE_UNAVAILABLE',
  reason: 'storage_fault',
  text: NO_ANSWER,
  retryAfter: 5,
})

export const diskFull = entry({
  code: 'SERVICE_UNAVAILABLE',
  reason: 'storage_full',
  text: 'The disk is full: nothing was stored',
  retryAfter: 30,
})

export const storeClosed = entry({ code: 'SERVICE_UNAVAILABLE', text: 'The store is closed' })

/** For a record to be moved here that is here already. */
export const recordExists = entry({
  code: 'CONFLICT',
  text: 'A record of that id or name is there already: something else writes to this store',
})
