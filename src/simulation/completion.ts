import { z } from 'zod'
import { projectId } from '../projects/schema.js'
import { content } from './schema.js'

const MAX_MESSAGES = 1_000
const MAX_STOPS = 4

const OWN_ROLES =
  'The role of a message must be system, developer, user (the agent) or assistant (the persona)'
const NO_TOOLS = 'A persona calls no tools: leave tools and functions out, or empty'

const message = z.object({
  role: z.enum(['system', 'developer', 'user', 'assistant'], OWN_ROLES),
  // What an assistant's message holds beside it, such as the calls of tools, is nothing that was said.
  content: content.optional(),
})

const none = z.array(z.unknown(), NO_TOOLS).max(0, NO_TOOLS).optional()
const number = (min: number, max: number) => z.number().min(min).max(max).optional()
const limit = z.number().int().min(1).max(1_000_000).optional()

/**
 * A request of OpenAI's chat completions, without its nulls, which mean that a field is left out. Fields that it does
 * not name are ignored.
 */
export const completionInput = z.object({
  projectId,
  model: z.string().min(1, 'model must name a persona').max(300, 'model must be at most 300 characters'),
  messages: z.array(message).min(1, 'messages must not be empty').max(MAX_MESSAGES),
  stream: z.boolean().optional(),
  stream_options: z.object({ include_usage: z.boolean().optional() }).optional(),
  max_tokens: limit,
  max_completion_tokens: limit,
  temperature: number(0, 2),
  top_p: number(0, 1),
  presence_penalty: number(-2, 2),
  frequency_penalty: number(-2, 2),
  seed: z.number().int().optional(),
  stop: z
    .union(
      [z.string(), z.array(z.string()).max(MAX_STOPS)],
      `stop must be a text, or at most ${MAX_STOPS} of them`,
    )
    .optional(),
  n: z.number().int().min(1).max(1, 'n must be 1').optional(),
  tools: none,
  functions: none,
  response_format: z
    .object({ type: z.enum(['text'], 'A persona answers in text: response_format must be of type text') })
    .optional(),
})
export type CompletionInput = z.infer<typeof completionInput>

/** A value without the fields that are null, at any depth. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (typeof value !== 'object' || value === null) return value
  const given = Object.entries(value).filter(([, each]) => each !== null)
  return Object.fromEntries(given.map(([name, each]) => [name, withoutNulls(each)]))
}
