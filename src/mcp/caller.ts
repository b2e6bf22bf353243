import { inputOf, type ToolProcedure } from '../api/operations.js'
import type { Context, Lists } from '../api/trpc.js'
import type { PublicError } from '../errors/public.js'
import type { ImageInput } from '../images/schema.js'
import { unknownInput } from '../unknown.js'

/** What may be known of an error. */
export type CallError = Pick<PublicError, 'message'> & Partial<PublicError>

/** How tools and prompts reach the service: in this process, or over HTTP. */
export interface Caller {
  /** The project whose personas are prompts, where the connection is for one. */
  projectId?: string | undefined
  call(
    procedure: Pick<ToolProcedure, 'path' | 'procedure'>,
    input: object,
    signal: AbortSignal,
  ): Promise<unknown>
  /** A picture as WebP of 256 pixels; undefined where it is gone. */
  picture(image: ImageInput, signal: AbortSignal): Promise<Buffer | undefined>
  errorOf(error: unknown): CallError
}

/** Calls of the procedures in this process. A field that is not known is an error: an agent learns from it. */
export function localCaller(
  context: Context,
  { errorOf, projectId }: Pick<Caller, 'errorOf' | 'projectId'>,
): Caller {
  const { access, services, lists: budget } = context
  const { images } = services
  // Agents are shown parts of lists.
  const lists: Lists = {
    read: (maxBytes, read) => budget.read(maxBytes, read),
    room: (answer) => budget.room(answer),
    show: ({ json }) => JSON.parse(String(json)),
  }
  const unknown: Context['unknown'] = (path, input) => unknownInput(inputOf(path), input)
  return {
    projectId: access?.projectId ?? projectId,
    errorOf,
    call({ path, procedure }, input, signal) {
      const { type } = procedure._def
      const getRawInput = async () => input
      return procedure({
        ctx: { ...context, lists, unknown },
        path,
        type,
        getRawInput,
        signal,
        batchIndex: 0,
      })
    },
    async picture(image, signal) {
      try {
        return (await images.serve({ ...image, size: 256, format: 'webp' }, signal)).bytes
      } catch (error) {
        if (errorOf(error).code === 'NOT_FOUND') return undefined
        throw error
      }
    },
  }
}
