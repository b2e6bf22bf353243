import { STATUS_CODES } from 'node:http'
import type { oas31 } from 'zod-openapi'
import { inputError, type Operation } from '../api/operations.js'
import { nameOf, ofAnyProcedure, ofAnyRequest } from '../errors/catalogue.js'
import type { ErrorEntry, ServiceError } from '../errors/error.js'
import { type PublicError, publicError } from '../errors/public.js'
import {
  bodyTooLarge,
  hostMissing,
  methodNotSupported,
  otherProject,
  wrongContentType,
  wrongUploadType,
} from '../errors/requests.js'
import { errorBody } from '../http/errors.js'
import { header } from './headers.js'

const REQUEST_ID = 'b7e0c1d2-3f4a-4b5c-8d6e-7f8091a2b3c4'

/** An error as an example of the document. */
interface Shown {
  name: string
  error: PublicError
}

function capitalized(name: string): string {
  return name.replace(/^./, (letter) => letter.toUpperCase())
}

function shown(error: ServiceError): Shown {
  return { name: nameOf(error.entry), error: publicError(error) }
}

/** A validation error, which is called by its field: `invalidName`. */
function shownInput(error: PublicError): Shown {
  const steps = error.issues?.[0]?.path.split('.') ?? []
  return { name: `invalid${steps.map(capitalized).join('')}`, error }
}

interface Failing {
  operationId: string
  errors: readonly ErrorEntry[]
  /** What its validation says of an example. */
  invalid?: PublicError | undefined
}

const COMMON = new Set([...ofAnyProcedure, ...ofAnyRequest].map(nameOf))

/**
 * The error responses of a document. Each is a component, and so is each error that they show: operations that
 * return the same errors with a status share the response, which is called by its error where it has one.
 */
export class ErrorResponses {
  readonly responses: Record<string, oas31.ResponseObject> = {}
  readonly examples: Record<string, oas31.ExampleObject> = {}
  /** What each component holds, by its name. */
  readonly #known = new Map<string, string>()

  /** The error responses of a procedure by status. */
  ofProcedure({ openapi, rest, errors, fields, invalid }: Operation): oas31.ResponsesObject {
    const operationId = openapi.operationId ?? ''
    const inProject = 'projectId' in fields
    const wrong = invalid ?? (inProject ? { projectId: '' } : undefined)
    const upload = rest.bodyLimit !== undefined && bodyTooLarge({ mib: rest.bodyLimit / 1024 / 1024 })
    return this.#responses(operationId, [
      ...errors.map((entry) => shown(entry.example())),
      ...(wrong === undefined ? [] : [shownInput(inputError(fields, wrong))]),
      ...(inProject ? [shown(otherProject())] : []),
      // Fastify reads a body wherever one is sent, but for GET.
      ...(openapi.method === 'GET'
        ? []
        : [
            shown(upload || bodyTooLarge.example()),
            shown(rest.rawBody === undefined ? wrongContentType() : wrongUploadType()),
          ]),
      ...[...ofAnyRequest, ...ofAnyProcedure].map((entry) => shown(entry.example())),
    ])
  }

  /** The error responses of a route that no procedure declares. */
  ofRoute({ operationId, errors, invalid }: Failing): oas31.ResponsesObject {
    return this.#responses(operationId, [
      ...errors.map((entry) => shown(entry.example())),
      ...(invalid === undefined ? [] : [shownInput(invalid)]),
      ...ofAnyRequest.map((entry) => shown(entry.example())),
    ])
  }

  #responses(operationId: string, errors: readonly Shown[]): oas31.ResponsesObject {
    const all = errors.some(({ error }) => error.status === 400) ? errors : [...errors, shown(hostMissing())]
    const byStatus = new Map<number, Shown[]>()
    for (const each of all) {
      const { status } = each.error
      byStatus.set(status, [...(byStatus.get(status) ?? []), each])
    }
    const responses = [...byStatus].map(([status, several]) => {
      const response = this.#response(operationId, status, several)
      return [status, { $ref: `#/components/responses/${response}` }] as const
    })
    return { ...Object.fromEntries(responses), default: this.#default() }
  }

  /** For what no status is declared of: an error that every client can read. */
  #default(): oas31.ReferenceObject {
    const example = this.#example('', shown(methodNotSupported.example()))
    this.responses.OtherError ??= response({ description: 'Any other error', examples: [example] })
    return { $ref: '#/components/responses/OtherError' }
  }

  /** The name of the component for the errors of one status. */
  #response(operationId: string, status: number, errors: readonly Shown[]): string {
    const examples = errors.map((each) => this.#example(operationId, each))
    const [first = ''] = examples
    const ofStatus = (STATUS_CODES[status] ?? '').replaceAll(/[^A-Za-z]/g, '')
    const isCommon = examples.length > 1 && COMMON.has(first)
    const name = this.#name(
      isCommon ? ofStatus : capitalized(first),
      `${capitalized(operationId)}${ofStatus}`,
      JSON.stringify([status, examples]),
    )
    const headers = {
      ...((status === 429 || status === 503) && { 'Retry-After': header('Retry-After') }),
      ...(status === 401 && { 'WWW-Authenticate': header('WWW-Authenticate') }),
    }
    this.responses[name] ??= response({ description: STATUS_CODES[status] ?? 'Error', headers, examples })
    return name
  }

  /** The name of the component for an example. */
  #example(operationId: string, { name: own, error }: Shown): string {
    const value = errorBody(error, REQUEST_ID)
    const name = this.#name(own, `${operationId}${capitalized(own)}`, JSON.stringify(value))
    this.examples[name] ??= { value }
    return name
  }

  /** The first of two names that nothing else has. */
  #name(wanted: string, other: string, content: string): string {
    const name = [wanted, other].find((each) => (this.#known.get(each) ?? content) === content)
    if (name === undefined) throw new Error(`${other} is the name of two components`)
    this.#known.set(name, content)
    return name
  }
}

interface Described {
  description: string
  headers?: oas31.HeadersObject
  /** Names of the components. */
  examples: readonly string[]
}

function response({ description, headers = {}, examples }: Described): oas31.ResponseObject {
  const named = examples.map((name) => [name, { $ref: `#/components/examples/${name}` }] as const)
  return {
    description,
    headers: { 'X-Request-Id': header('X-Request-Id'), ...headers },
    content: {
      'application/json': {
        schema: { $ref: '#/components/schemas/ApiError' },
        examples: Object.fromEntries(named),
      },
    },
  }
}
