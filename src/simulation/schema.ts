import { z } from 'zod'
import { personaInput } from '../personas/schema.js'
import { MODEL_NAME } from '../projects/schema.js'
import { faultOf, text, wholeNumber } from '../text.js'
import { MODEL_REASONS } from './turn.js'

const MAX_CONTENT = 100_000
export const MAX_MESSAGES = 200

const ofContent = { field: 'The content of a message', max: MAX_CONTENT }
const contentText = text(ofContent)
const part = z.object({ type: z.enum(['text'], 'Only parts of type text are taken'), text: contentText })

/** A message's text, or its parts, which are joined by line breaks. */
export const content = z
  .union(
    [contentText, z.array(part)],
    'The content of a message must be text, or a list of parts of type text',
  )
  .transform((given, ctx) => {
    if (typeof given === 'string') return given
    const joined = given.map((each) => each.text).join('\n')
    const fault = faultOf(joined, ofContent)
    if (fault !== undefined) ctx.addIssue({ code: 'custom', message: fault })
    return joined
  })

const message = z
  .object({
    role: z
      .enum(
        ['user', 'assistant'],
        'The role of a message must be user (the persona) or assistant (the agent)',
      )
      .meta({ description: 'user is the persona, assistant the agent' }),
    content: content
      .refine((said) => said.trim() !== '', 'The content of a message must not be empty')
      .meta({ description: 'Text, or a list of parts of type text' }),
  })
  .meta({ id: 'ConversationMessage', description: 'A message of the conversation, as the agent sees it' })

/** What is said of a conversation that is too long. */
export const atMostMessages = (max: number) => `messages must be at most ${max}`

const messages = z
  .array(message)
  .max(MAX_MESSAGES, atMostMessages(MAX_MESSAGES))
  .refine(
    (said) => said.at(-1)?.role !== 'user',
    'messages must end with a message of the agent, role assistant',
  )

export const sceneFields = {
  scenario: text({ field: 'scenario', max: 100_000 })
    .optional()
    .meta({ description: 'What has happened, and what the persona knows' }),
  goal: text({ field: 'goal', max: 10_000 })
    .optional()
    .meta({ description: 'What the agent has to do for the conversation to succeed' }),
  language: text({ field: 'language', max: 100 })
    .optional()
    .meta({ description: 'The language to write in; without it the persona’s own' }),
}

export const promptInput = personaInput.extend(sceneFields).meta({ title: 'PersonaPromptInput' })
export type PromptInput = z.infer<typeof promptInput>

export const personaPrompt = z.object({ system: z.string() }).meta({
  id: 'PersonaPrompt',
  description: 'The system message with which the model plays the persona',
  example: { system: 'You write the messages of one person to an agent, …' },
})

/** A whole number within limits, whose error names the field. */
export function whole(field: string, { min, max }: { min: number; max: number }) {
  const wrong = `${field} ${wholeNumber(min, max)}`
  return z.number(wrong).int(wrong).min(min, wrong).max(max, wrong)
}

const TEMPERATURE = 'temperature must be a number from 0 to 2'

/** What may be asked of the model beside its text; what it does not take is left out. */
export const modelFields = {
  model: z
    .string()
    .regex(MODEL_NAME, 'model must be 1 to 128 visible ASCII characters')
    .optional()
    .meta({ description: 'Instead of the project’s own, and PERSONA_MODELS' }),
  temperature: z.number(TEMPERATURE).min(0, TEMPERATURE).max(2, TEMPERATURE).optional(),
  seed: whole('seed', { min: 0, max: 2 ** 31 - 1 }).optional(),
  maxTokens: whole('maxTokens', { min: 1, max: 100_000 })
    .optional()
    .meta({ description: 'The most tokens of the answer, those of reasoning included' }),
}

export const simulateInput = personaInput
  .extend({
    messages: messages
      .optional()
      .meta({ description: 'The conversation so far; without it the persona opens' }),
    ...sceneFields,
    maxTurns: whole('maxTurns', { min: 1, max: MAX_MESSAGES })
      .optional()
      .meta({ description: 'The most messages of the persona; after them the answer is max_turns' }),
    ...modelFields,
  })
  .meta({
    title: 'SimulateInput',
    description: 'The conversation so far, and what it is about',
    example: {
      goal: 'The refund for order 1042 is confirmed.',
      messages: [
        { role: 'user', content: 'Where is my refund?' },
        { role: 'assistant', content: 'Which order is it about?' },
      ],
    },
  })
export type SimulateInput = z.infer<typeof simulateInput>

/** Of usage. */
export const MAY_BE_UNSAID = 'Absent where the provider does not say it'

const count = z.number().int().min(0)
export const usage = z
  .object({ inputTokens: count, outputTokens: count, totalTokens: count })
  .meta({ id: 'TokenUsage', description: 'Tokens, as the provider counts them' })

export const personaTurn = z
  .object({
    message: z
      .object({ role: z.enum(['user']), content: z.string() })
      .optional()
      .meta({ description: 'What the persona says; absent where it ends the conversation without a word' }),
    done: z.boolean().meta({ description: 'Whether the conversation is over' }),
    reason: z.enum([...MODEL_REASONS, 'max_turns']).meta({ description: 'Why it goes on, or is over' }),
    model: z.string().meta({ description: 'The model that spoke' }),
    usage: usage.optional().meta({ description: MAY_BE_UNSAID }),
    persona: z
      .object({ id: z.string(), version: z.number().int().min(1) })
      .meta({ description: 'Who spoke, in which version' }),
  })
  .meta({
    id: 'PersonaTurn',
    description: 'The persona’s next message, and whether the conversation is over',
    example: {
      message: { role: 'user', content: '1042, as I said in the form.' },
      done: false,
      reason: 'continue',
      model: 'gpt-5.4-mini',
      usage: { inputTokens: 612, outputTokens: 31, totalTokens: 643 },
      persona: { id: '987fcdeb-51a2-4bc4-9567-890123456789', version: 1 },
    },
  })
export type PersonaTurn = z.infer<typeof personaTurn>
