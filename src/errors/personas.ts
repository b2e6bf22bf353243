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
