import { z } from 'zod'
import { projectId } from '../projects/schema.js'
import { text } from '../text.js'
import { atMostMessages, content, whole } from './schema.js'

const MAX_MESSAGES = 1_000
const MAX_STOPS = 4
const NO_MODEL = 'model must name a persona'

const OWN_ROLES =
  'The role of a message must be system, developer, user (the agent) or assistant (the persona)'
const NO_TOOLS = 'A persona calls no tools: leave tools and functions out, or empty'

const message = z
  .object({
    role: z
      .enum(['system', 'developer', 'user', 'assistant'], OWN_ROLES)
      .meta({ description: 'user is the agent, assistant the persona; the others are the scenario' }),
    // What an assistant's message holds beside it, such as the calls of tools, is nothing that was said.
    content: content.optional().meta({ description: 'Text, or a list of parts of type text' }),
  })
  .meta({ id: 'ChatMessage', description: 'A message of the conversation, from the persona’s side' })

const none = z
  .array(z.unknown(), NO_TOOLS)
  .max(0, NO_TOOLS)
  .optional()
  .meta({ description: 'Empty, where it is given' })

function number(field: string, { min, max }: { min: number; max: number }) {
  const wrong = `${field} must be a number from ${min} to ${max}`
  return z.number(wrong).min(min, wrong).max(max, wrong).optional()
}

// Providers refuse longer ones.
const stop = text({ field: 'stop', max: 1_000 })

const limit = (field: string) => whole(field, { min: 1, max: 1_000_000 }).optional()

/** Whom a request speaks to. */
export const model = z
  .string(NO_MODEL)
  .min(1, NO_MODEL)
  .max(300, 'model must be at most 300 characters')
  .meta({
    description: 'A persona’s exact name or full id, with `@3` for version 3',
    example: 'impatient-user',
  })

/**
 * A request of OpenAI's chat completions, without its nulls, which mean that a field is left out. Fields that it does
 * not name are ignored.
 */
export const completionInput = z
  .object({
    projectId,
    model,
    messages: z
      .array(message)
      .min(1, 'messages must not be empty')
      .max(MAX_MESSAGES, atMostMessages(MAX_MESSAGES)),
    stream: z.boolean().optional().meta({ description: 'Sends the answer piece by piece, as events' }),
    stream_options: z
      .object({ include_usage: z.boolean().optional() })
      .optional()
      .meta({ description: 'include_usage: the last event tells the tokens' }),
    max_tokens: limit('max_tokens'),
    max_completion_tokens: limit('max_completion_tokens'),
    temperature: number('temperature', { min: 0, max: 2 }),
    top_p: number('top_p', { min: 0, max: 1 }),
    presence_penalty: number('presence_penalty', { min: -2, max: 2 }),
    frequency_penalty: number('frequency_penalty', { min: -2, max: 2 }),
    seed: whole('seed', { min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER }).optional(),
    stop: z
      .union([stop, z.array(stop).max(MAX_STOPS)], `stop must be a text, or at most ${MAX_STOPS} of them`)
      .optional(),
    n: z.literal(1, 'n must be 1').optional(),
    tools: none,
    functions: none,
    response_format: z
      .object({ type: z.enum(['text'], 'A persona answers in text: response_format must be of type text') })
      .optional(),
  })
  .meta({
    example: {
      model: 'impatient-user',
      messages: [
        {
          role: 'system',
          content: 'Order 1042 never arrived. Write ###STOP### once the refund is confirmed.',
        },
        { role: 'user', content: 'How can I help?' },
      ],
    },
  })
export type CompletionInput = z.infer<typeof completionInput>

/** A value without the fields that are null, at any depth. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (typeof value !== 'object' || value === null) return value
  const given = Object.entries(value).filter(([, each]) => each !== null)
  return Object.fromEntries(given.map(([name, each]) => [name, withoutNulls(each)]))
}
