import { randomUUID } from 'node:crypto'
import { initTRPC } from '@trpc/server'
import type { OpenApiMeta } from 'trpc-to-openapi'
import '../validation.js'
import { otherProject, unauthorized } from '../errors/access.js'
import type { ErrorEntry } from '../errors/error.js'
import { publicError } from '../errors/public.js'
import type { ExportService } from '../files/export.js'
import type { ImportService } from '../files/import.js'
import type { ImageService } from '../images/service.js'
import type { ListBudget } from '../lists.js'
import type { PersonaService } from '../personas/service.js'
import type { PortraitService } from '../portraits/service.js'
import type { ProjectService } from '../projects/service.js'
import type { DraftService } from '../simulation/drafts.js'
import type { SimulationService } from '../simulation/service.js'
import type { JsonPage } from '../store/store.js'
import type { Unknown } from '../unknown.js'
import { refuseUnknown } from './strict.js'

/**
 * What a caller may reach: everything, or one project; undefined where keys are set and none fits. `key` names
 * the key in the log: the first 8 hexadecimal digits of its SHA-256.
 */
export type Access = { projectId?: string; key?: string } | undefined

export interface Services {
  personas: PersonaService
  projects: ProjectService
  images: ImageService
  portraits: PortraitService
  simulation: SimulationService
  drafts: DraftService
  imports: ImportService
  exports: ExportService
}

/** A list in an answer, as the JSON text that it is: it is never made into objects. */
export class JsonList {
  readonly page: JsonPage
  /** What stands for it where an answer is made as text. */
  readonly mark: string = `list:${randomUUID()}`

  constructor(page: JsonPage) {
    this.page = page
  }

  toJSON(): string {
    return this.mark
  }
}

/** How what is large gets into answers. */
export interface Lists extends ListBudget {
  /**
   * Waits for room for the answer of an operation that takes long, and so has none while it runs; returns the answer.
   * It waits as long as it takes.
   */
  room<T>(answer: T): Promise<T>
  /** What is on a page; where the interface takes text, what stands for it. */
  show<T>(page: JsonPage): T[]
}

export interface Context {
  services: Services
  access: Access
  requestId: string
  lists: Lists
  /** What is not known of the input of a procedure, for callers who want that refused. */
  unknown?: ((path: string, input: unknown) => Iterable<Unknown>) | undefined
}

/** How a procedure shows itself in REST, beside trpc-to-openapi's method, path and texts. */
export interface RestMeta {
  /** The status of success; 204 goes without a body. */
  status: 200 | 201 | 204
  /** The answer carries `ETag`, made from its `updatedAt`. */
  etag?: true
  /** REST takes the input field `ifMatch` from the header `If-Match`, and from nowhere else. */
  ifMatch?: true
  /** The answer may carry `Link` and `X-Next-Cursor` to the next page. */
  pages?: true
  /** Input fields whose query parameter has another name. */
  names?: Record<string, string>
  /** What `Content-Type` must be, as the 415 says it; `application/json` without it. */
  contentTypes?: string
  /** It may take long, as it waits for a provider or for a turn: it calls `ctx.lists.room` for its answer. */
  takesLong?: true
  /** Largest request body in bytes, where it is not the usual one. */
  bodyLimit?: number
}

/** How a procedure shows itself to agents, as a tool of MCP: with the texts of REST, unless they stand here. */
export interface ToolMeta {
  /** What a mutation does to what is stored: nothing, only add to it, or change what is there. */
  effect?: 'none' | 'adds' | 'changes'
  /** Whether a second call does no more than one. Reading never does. */
  idempotent?: true
  /** It calls the project's provider, which bills it. */
  costs?: true
  /** Instead of the procedure's path. */
  name?: string
  title?: string
  description?: string
  /** Of a page: fields of its items that only the argument `full` brings, and the items unless `limit` is given. */
  brief?: { without: readonly string[]; limit: number }
  /** The portrait of the persona that it answers comes along, as a picture. */
  portrait?: true
}

/** What a procedure says of its errors, beside those that any procedure can return. */
type ErrorsMeta = {
  errors?: readonly ErrorEntry[]
  /** Input that its schema refuses, in addition to the path's parameters: the document shows what the schema says. */
  invalid?: Record<string, unknown>
}

export type Meta = OpenApiMeta<{ rest?: RestMeta; mcp?: ToolMeta } & ErrorsMeta>

const t = initTRPC
  .context<Context>()
  .meta<Meta>()
  .create({
    // Stacks stay in the log.
    isDev: false,
    errorFormatter({ shape, error, ctx }) {
      const { status, code, message, reason, issues, retryAfter } = publicError(error)
      return {
        code: shape.code,
        message,
        data: {
          code,
          httpStatus: status,
          ...(shape.data.path !== undefined && { path: shape.data.path }),
          ...(reason !== undefined && { reason }),
          ...(issues !== undefined && { issues }),
          ...(retryAfter !== undefined && { retryAfter }),
          ...(ctx !== undefined && { requestId: ctx.requestId }),
        },
      }
    },
  })

export const router = t.router

/** @throws ServiceError UNAUTHORIZED or FORBIDDEN unless the caller may reach the project. */
export function requireProject(access: Access, projectId: unknown): void {
  if (access === undefined) throw unauthorized()
  if (access.projectId !== undefined && access.projectId !== projectId) throw otherProject()
}

/** For procedures whose input names the project: callers must be allowed to reach it. */
export const projectProcedure = t.procedure.use(async ({ ctx, path, getRawInput, next }) => {
  const input = await getRawInput()
  const named =
    typeof input === 'object' && input !== null && 'projectId' in input ? input.projectId : undefined
  requireProject(ctx.access, named)
  if (ctx.unknown !== undefined) refuseUnknown(ctx.unknown(path, input))
  return next()
})

/** For procedures beyond one project: callers need a key that is valid; services see how far it reaches. */
export const keyProcedure = t.procedure.use(async ({ ctx, path, getRawInput, next }) => {
  if (ctx.access === undefined) throw unauthorized()
  if (ctx.unknown !== undefined) refuseUnknown(ctx.unknown(path, await getRawInput()))
  return next({ ctx: { access: ctx.access } })
})
