import { operations } from '../../src/api/operations.js'
import { isOpenAiPath } from '../../src/http/openai-errors.js'
import type { ApiDocument, Schema } from './document.js'
import { trpcError, trpcSuccess } from './trpc-answers.js'

/** A request as it was sent. */
export interface Sent {
  method: string
  target: string
  headers: Record<string, string>
  body?: Buffer | undefined
}

/** An answer as it came. */
export interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: Buffer
}

const error: Schema = { $ref: '#/components/schemas/ApiError' }
const openAiError: Schema = { $ref: '#/components/schemas/OpenAiError' }

/** The schema of errors below a path. */
function errorOf(target: string): Schema {
  return isOpenAiPath(target.split('?', 1)[0] ?? '') ? openAiError : error
}

/** Holds answers to the document. */
export class Judge {
  readonly #document: ApiDocument
  readonly #trpc = new Map<string, Schema>()

  constructor(document: ApiDocument) {
    this.#document = document
    for (const { path, openapi, rest } of operations()) {
      const { operation } = document.find(openapi.method, openapi.path)
      this.#trpc.set(
        path,
        trpcSuccess(operation?.responses[rest.status]?.content?.['application/json']?.schema),
      )
    }
    for (const [page, item] of [
      ['personas.page', 'Persona'],
      ['personas.versionsPage', 'PersonaVersion'],
    ] as const) {
      const items = { type: 'array', items: { $ref: `#/components/schemas/${item}` } }
      const properties = { items, nextCursor: { type: 'string' } }
      this.#trpc.set(page, trpcSuccess({ type: 'object', required: ['items'], properties }))
    }
  }

  /** The name under which a request is counted. */
  nameOf({ method, target }: Sent): string {
    if (target.startsWith('/trpc/')) return 'tRPC'
    return this.#document.find(method, target).operation?.id ?? 'other'
  }

  /** What is wrong with an answer; undefined where nothing is. */
  fault(sent: Sent, answer: Answer): string | undefined {
    if (answer.status >= 500) return `answered ${answer.status} ${answer.body.toString().slice(0, 200)}`
    if (typeof answer.headers['x-request-id'] !== 'string') return 'has no X-Request-Id'
    if (/^\/trpc\/[^/]+$/.test(sent.target.split('?', 1)[0] ?? '')) return this.#trpcFault(sent, answer)
    const { operation, isKnownPath } = this.#document.find(sent.method, sent.target)
    if (hasEmptySegment(sent.target)) {
      const isRefused = answer.status >= 400
      return isRefused
        ? this.#jsonFault(errorOf(sent.target), sent, answer)
        : `answered a path without an id ${answer.status}`
    }
    if (operation !== undefined)
      return this.#documentedFault(operation.responses[answer.status], sent, answer)
    if (/^\/(openapi\.json|docs|docs\/reference\.js|metrics)?\/?(\?|$)/.test(sent.target)) return undefined
    const expected = isKnownPath ? [405] : [404, 405]
    // A target that cannot be read has no path; headers that are too large, and foreign origins, come before it.
    const isRefused = [...expected, 400, 403, 431].includes(answer.status)
    if (!isRefused) return `is in no document, and answered ${answer.status}`
    if (answer.status === 405 && typeof answer.headers.allow !== 'string') return 'answered 405 without Allow'
    return this.#jsonFault(errorOf(sent.target), sent, answer)
  }

  #documentedFault(
    response: { content?: Record<string, { schema?: Schema }> } | undefined,
    sent: Sent,
    answer: Answer,
  ): string | undefined {
    if (response === undefined) {
      return `answered ${answer.status}, which is not documented: ${answer.body.toString().slice(0, 200)}`
    }
    const type = mediaType(answer)
    if (response.content === undefined) {
      if (answer.body.length > 0) return `answered ${answer.status} with a body`
      return type === undefined ? undefined : `answered ${answer.status} with the type ${type}`
    }
    const media = response.content[type ?? '']
    if (media === undefined) return `answered ${answer.status} with the undocumented type ${type}`
    if (type !== 'application/json') return undefined
    return this.#jsonFault(media.schema ?? {}, sent, answer)
  }

  #jsonFault(schema: Schema, sent: Sent, answer: Answer): string | undefined {
    if (sent.method === 'HEAD') return answer.body.length > 0 ? 'answered HEAD with a body' : undefined
    if (mediaType(answer) !== 'application/json') return `answered with the type ${mediaType(answer)}`
    const value = parse(answer.body)
    if (value === undefined) return 'answered with what is not JSON'
    const fault = this.#document.fault(value, schema)
    return fault && `answered ${answer.status} with a body that its schema refuses: ${fault}`
  }

  #trpcFault(sent: Sent, answer: Answer): string | undefined {
    if (sent.method === 'HEAD') return undefined
    if (!['GET', 'POST'].includes(sent.method)) return this.#jsonFault(error, sent, answer)
    if (mediaType(answer) !== 'application/json') return `answered with the type ${mediaType(answer)}`
    const value = parse(answer.body)
    const paths = decode(sent.target.slice('/trpc/'.length).split('?', 1)[0] ?? '').split(',')
    const results = Array.isArray(value) ? value : [value]
    const statuses = new Set<number>()
    for (const [at, result] of results.entries()) {
      const success = this.#trpc.get(paths[at] ?? '')
      if (result?.error === undefined && success === undefined)
        return 'answered a procedure that is not there'
      const fault = this.#document.fault(result, result?.error === undefined ? (success ?? {}) : trpcError)
      if (fault !== undefined)
        return `answered ${paths[at]} with ${JSON.stringify(result)?.slice(0, 200)}: ${fault}`
      statuses.add(result.error?.data.httpStatus ?? 200)
    }
    const [first] = statuses
    const expected = statuses.size === 1 ? first : 207
    if (answer.status !== expected) return `answered ${answer.status} for ${[...statuses]}`
    return [...statuses].some((status) => status >= 500)
      ? `answered ${[...statuses]} within a batch`
      : undefined
  }
}

function hasEmptySegment(target: string): boolean {
  return /\/\//.test(target.split('?', 1)[0] ?? '')
}

function mediaType({ headers }: Answer): string | undefined {
  const type = headers['content-type']
  return typeof type === 'string' ? type.split(';', 1)[0]?.trim().toLowerCase() : undefined
}

// An answer may be of any shape.
function parse(body: Buffer): any {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    return undefined
  }
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
