import { APIError } from 'openai'
import type { ChatCompletionCreateParams } from 'openai/resources/chat/completions'
import { factsOf } from '../../providers/openai/facts.js'

/** What a call may ask of a model beside its text. Not every model, and not every gateway, takes each. */
export type ChatOptions = Partial<
  Pick<
    ChatCompletionCreateParams,
    | 'temperature'
    | 'top_p'
    | 'seed'
    | 'stop'
    | 'presence_penalty'
    | 'frequency_penalty'
    | 'max_completion_tokens'
    | 'response_format'
    | 'stream_options'
  >
>

type OptionName = keyof ChatOptions | 'max_tokens'

const NAMES: readonly OptionName[] = [
  'temperature',
  'top_p',
  'seed',
  'stop',
  'presence_penalty',
  'frequency_penalty',
  'max_completion_tokens',
  'max_tokens',
  'response_format',
  'stream_options',
]

const REFUSED = /unsupported|not_supported|unknown_param|unrecognized/
const SAYS_REFUSED =
  /unsupported|not (be )?(support|permit|allow|compatib)|unknown|unrecogni[sz]ed|unexpected|extra (inputs|fields)|only the default/i

/** Of what is said against a JSON schema. */
const SCHEMA = /response_format|json_?schema/i

/** Where messages name an option; in quotes or beside a colon, as `stop` is a word too. */
function mentionOf(name: OptionName): RegExp {
  const supplied = '(argument|parameter|field|propert)\\w*\\b[^:]*:[\\w, ]*'
  return new RegExp(`['"\`]${name}\\b|\\b${name}\\b.*[:=]|${supplied}\\b${name}\\b`)
}

/**
 * The option that the provider refused, of those that were sent. Models that reason refuse `temperature`, older
 * gateways do not know `max_completion_tokens` or JSON schemas; what was refused has cost nothing.
 */
export function refusedOption(error: unknown, sent: object): OptionName | undefined {
  if (!(error instanceof APIError)) return undefined
  const { status, param, code, type, message } = factsOf(error)
  if (status !== 400 && status !== 422) return undefined
  // The schema is this service's own, and right: whatever is said against it, it is not known there.
  if ('response_format' in sent && SCHEMA.test(`${param} ${message}`)) return 'response_format'
  if (!REFUSED.test(`${code} ${type}`) && !SAYS_REFUSED.test(message)) return undefined
  const names = NAMES.filter((name) => name in sent)
  const named = names.find((name) => param === name || param.startsWith(`${name}.`))
  return named ?? names.find((name) => mentionOf(name).test(message))
}

/** The options as they are sent to a model that refuses some. */
export function optionsFor(options: ChatOptions, refuses: (name: OptionName) => boolean): object {
  const limit = options.max_completion_tokens
  const given: Partial<Record<OptionName, unknown>> = { ...options }
  // The older name of the same limit.
  if (limit !== undefined && refuses('max_completion_tokens')) given.max_tokens = limit
  const taken = Object.entries(given).filter(
    // The keys of these options.
    ([name, value]) => value !== undefined && !refuses(name as OptionName),
  )
  return Object.fromEntries(taken)
}
