import type { oas31 } from 'zod-openapi'
import { inputError, type Operation } from '../api/operations.js'
import { otherProject } from '../errors/access.js'
import { nameOf, ofAnyProcedure, ofAnyRequest } from '../errors/catalogue.js'
import type { ErrorEntry, ServiceError } from '../errors/error.js'
import { type PublicError, publicError } from '../errors/public.js'
import {
  bodyTooLarge,
  hostMissing,
  methodNotSupported,
  requestTimedOut,
  wrongContentType,
} from '../errors/requests.js'
import { errorBody } from '../http/errors.js'
import { isOpenAiPath, openAiErrorBody } from '../http/openai-errors.js'
import { header } from './headers.js'

/** Where a response keeps the names of its errors until it has one of its own. */
export const ERRORS = 'x-errors'
/** And what that name begins with. */
export const PREFIX = 'x-prefix'

const REQUEST_ID = 'b7e0c1d2-3f4a-4b5c-8d6e-7f8091a2b3c4'
const MIB = 1024 * 1024
/** Errors that any operation can return, by name. */
export const COMMON: ReadonlySet<string> = new Set(
  [...ofAnyProcedure, ...ofAnyRequest].map((entry) => capitalized(nameOf(entry))),
)
/** The component for what no status is declared of. */
export const OTHER = 'OtherError'
/** Errors of any operation that are listed again with those of one operation. */
const MAX_REPEATED = 2

/** How errors are written. */
interface Form {
  /** The component of their schema. */
  schema: string
  body: (error: PublicError) => object
  /** What the names of their components begin with. */
  prefix: string
  /** Whether failures of the service forbid SDKs to try again. */
  isFinal: boolean
}

const REST: Form = {
  schema: 'ApiError',
  body: (error) => errorBody(error, REQUEST_ID),
  prefix: '',
  isFinal: false,
}
const OPENAI: Form = { schema: 'OpenAiError', body: openAiErrorBody, prefix: 'OpenAi', isFinal: true }

/** An error as the document shows it, by the name that its response has where it stands alone. */
interface Shown {
  name: string
  error: PublicError
}

/** What is capitalized begins a name of a component. */
export function capitalized(name: string): string {
  return name.replace(/^./, (letter) => letter.toUpperCase())
}

function shown(error: ServiceError): Shown {
  return { name: capitalized(nameOf(error.entry)), error: publicError(error) }
}

function examplesOf(entries: readonly ErrorEntry[]): Shown[] {
  return entries.map((entry) => shown(entry.example()))
}

/** A validation error, which is called by its field: `InvalidName`. */
function shownInput(error: PublicError): Shown {
  const steps = error.issues?.[0]?.path.split('.') ?? []
  return { name: `Invalid${steps.map(capitalized).join('')}`, error }
}

/** What the errors of an operation follow from. */
type Declared = Pick<Operation, 'openapi' | 'rest' | 'errors' | 'fields' | 'invalid'> &
  Partial<Pick<Operation, 'example'>>

/** The errors of a request that is read before a procedure sees it. */
function ofBody({ openapi, rest }: Declared): Shown[] {
  // Fastify reads a body wherever one is sent, but for GET.
  if (openapi.method === 'GET') return []
  const { bodyLimit, contentTypes } = rest
  return [
    shown(bodyLimit === undefined ? bodyTooLarge.example() : bodyTooLarge({ mib: bodyLimit / MIB })),
    shown(wrongContentType({ types: contentTypes })),
  ]
}

/** The error responses of a procedure, or of what is declared like one, by status. */
export function procedureErrors(operation: Declared): oas31.ResponsesObject {
  const { errors, fields } = operation
  const inProject = 'projectId' in fields
  const invalid = operation.invalid ?? (inProject ? { projectId: '' } : undefined)
  const form = isOpenAiPath(operation.openapi.path) ? OPENAI : REST
  const all = [
    ...examplesOf(errors),
    ...(invalid === undefined ? [] : [shownInput(inputError(operation, invalid))]),
    ...(inProject ? [shown(otherProject())] : []),
    ...ofBody(operation),
    ...examplesOf([...ofAnyRequest, ...ofAnyProcedure]),
  ]
  // A request whose head does not arrive names no path, and so gets its 408 in REST's form.
  const isOfHead = form === OPENAI && operation.openapi.method === 'GET'
  const { status: timedOut } = requestTimedOut
  return responses(isOfHead ? all.filter(({ error }) => error.status !== timedOut) : all, form)
}

/** The error responses by status of a route that no procedure declares; `invalid` is what its validation says. */
export function routeErrors(errors: readonly ErrorEntry[], invalid?: PublicError): oas31.ResponsesObject {
  const own = [...examplesOf(errors), ...(invalid === undefined ? [] : [shownInput(invalid)])]
  return responses([...own, ...examplesOf(ofAnyRequest)])
}

function responses(errors: readonly Shown[], form: Form = REST): oas31.ResponsesObject {
  const byStatus = new Map<number, Shown[]>()
  const hasBadRequest = errors.some(({ error }) => error.status === 400)
  for (const each of hasBadRequest ? errors : [...errors, shown(hostMissing())]) {
    const { status } = each.error
    byStatus.set(status, [...(byStatus.get(status) ?? []), each])
  }
  const declared = [...byStatus].map(
    ([status, several]) => [status, responseOf(status, several, form)] as const,
  )
  const other = { $ref: `#/components/responses/${form.prefix}${OTHER}` }
  return { ...Object.fromEntries(declared), default: other }
}

function responseOf(status: number, errors: readonly Shown[], form: Form): oas31.ResponseObject {
  const [first, ...others] = errors
  if (first === undefined) throw new Error('A response without an error')
  return {
    // For shareErrors, which takes them away.
    [ERRORS]: errors.map(({ name }) => name),
    [PREFIX]: form.prefix,
    description: others.length === 0 ? first.error.message : linesOf(errors).join('\n'),
    headers: {
      'X-Request-Id': header('X-Request-Id'),
      ...((status === 429 || status === 503) && { 'Retry-After': header('Retry-After') }),
      ...(status === 401 && { 'WWW-Authenticate': header('WWW-Authenticate') }),
      ...(form.isFinal && status >= 500 && { 'X-Should-Retry': header('X-Should-Retry') }),
    },
    content: content(first.error, form),
  }
}

/** The errors of a response as a list; what every operation lists is not repeated. */
function linesOf(errors: readonly Shown[]): string[] {
  const own = errors.filter(({ name }) => !COMMON.has(name))
  const isOften = own.length > 0 && errors.length - own.length > MAX_REPEATED
  const lines = (isOften ? own : errors).map(
    ({ error: { reason, message } }) => `- ${reason === undefined ? '' : `\`${reason}\` `}${message}`,
  )
  return isOften ? [...lines, '- what any operation can return with this status'] : lines
}

/** The responses for what no status is declared of: errors that every client can read, by name. */
export const otherErrors: Record<string, oas31.ResponseObject> = Object.fromEntries(
  [REST, OPENAI].map((form) => [
    `${form.prefix}${OTHER}`,
    {
      description: 'Any other error',
      headers: { 'X-Request-Id': header('X-Request-Id') },
      content: content(publicError(methodNotSupported.example()), form),
    },
  ]),
)

function content(example: PublicError, { schema, body }: Form): oas31.ContentObject {
  return {
    'application/json': { schema: { $ref: `#/components/schemas/${schema}` }, example: body(example) },
  }
}
