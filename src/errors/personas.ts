import { entry } from './error.js'

export const personaNotFound = entry({ code: 'NOT_FOUND', text: 'Persona not found' })

export const versionNotFound = entry({ code: 'NOT_FOUND', text: 'Version not found' })

export const nameTaken = entry({
  code: 'CONFLICT',
  text: ({ name }: { name: string | undefined }) => `Persona with name "${name}" already exists`,
  example: { name: 'impatient-user' },
})

export const stale = entry({
  code: 'PRECONDITION_FAILED',
  text: 'Persona has changed since; read it again before you change it',
})

export const ambiguousId = entry({
  code: 'BAD_REQUEST',
  path: 'id',
  text: ({ id, count }: { id: string; count: number }) =>
    `id ${id} is ambiguous: ${count} personas have ids that begin with it`,
  example: { id: '987fcdeb', count: 2 },
})

export const badCursor = entry({
  code: 'BAD_REQUEST',
  path: 'cursor',
  text: 'cursor must be one that a page of this list gave, with the same filters and sort',
})

/** For a list without `limit` that is larger than one answer may be. */
export const needsLimit = entry({
  code: 'BAD_REQUEST',
  path: 'limit',
  text: 'limit is needed: the list is too large for one answer',
})

// Files of personas.

/** For a file that cannot be read at all; `fault` names the place. */
export const badFile = entry({
  code: 'BAD_REQUEST',
  path: 'body',
  text: ({ fault }: { fault: string }) => fault,
  example: { fault: 'The file is not valid JSON at line 3, column 5' },
})

export const pruneNeedsUpsert = entry({
  code: 'BAD_REQUEST',
  path: 'prune',
  text: 'prune goes with mode upsert only',
})

export const tooManyImports = entry({
  code: 'SERVICE_UNAVAILABLE',
  reason: 'overloaded',
  text: 'Too many large imports are under way; try again in a few seconds',
  retryAfter: 5,
})

export const tooManyExports = entry({
  code: 'SERVICE_UNAVAILABLE',
  reason: 'overloaded',
  text: 'Too many exports are under way; try again in a few seconds',
  retryAfter: 5,
})
