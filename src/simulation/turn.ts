import { z } from 'zod'
import { answerMalformed } from '../errors/simulation.js'

/** Why a model says that the conversation goes on, or ends. */
export const MODEL_REASONS = ['continue', 'goal_reached', 'gave_up', 'out_of_scope'] as const

const answered = z.object({ message: z.string(), done: z.boolean(), reason: z.enum(MODEL_REASONS) })

// Providers refuse limits of length and optional fields: what they leave open, reading checks.
/** The form of a turn, for providers that hold models to a JSON schema. */
export const TURN_FORMAT = {
  type: 'json_schema',
  json_schema: {
    name: 'turn',
    strict: true,
    schema: {
      type: 'object',
      properties: {
        message: { type: 'string' },
        done: { type: 'boolean' },
        reason: { type: 'string', enum: [...MODEL_REASONS] },
      },
      required: ['message', 'done', 'reason'],
      additionalProperties: false,
    },
  },
} as const

/** What a model made of its turn. */
export interface ModelTurn {
  /** Absent where the conversation ends without another word. */
  message?: string
  reason: (typeof MODEL_REASONS)[number]
}

const FENCED = /^```(?:json)?\s(.*)```$/is

/** The JSON that an answer is, or that it holds in a code fence. @throws ServiceError BAD_GATEWAY for anything else. */
export function jsonAnswer(answer: string): unknown {
  const text = answer.trim()
  try {
    return JSON.parse(FENCED.exec(text)?.[1] ?? text)
  } catch {
    throw answerMalformed({ cause: 'not JSON' })
  }
}

/**
 * Reads the model's answer. A conversation ends where both `done` and `reason` say so: models end too early far
 * more often than too late.
 * @throws ServiceError BAD_GATEWAY for another form than was asked for, and for an empty message that ends nothing
 */
export function readTurn(answer: string): ModelTurn {
  const { data, success } = answered.safeParse(jsonAnswer(answer))
  if (!success) throw answerMalformed({ cause: 'JSON of another form' })
  // Escapes can say what no text of the service may hold, and it comes back with the next call.
  const message = data.message.replaceAll('\0', '').toWellFormed().trim()
  const reason = data.done ? data.reason : 'continue'
  if (message !== '') return { message, reason }
  if (reason === 'continue') throw answerMalformed({ cause: 'no message' })
  return { reason }
}
