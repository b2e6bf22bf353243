import { isIP } from 'node:net'
import { z } from 'zod'
import { DEFAULT_VERSIONS_KEPT, MAX_VERSIONS_KEPT } from './personas/versions.js'
import { faultOfProjectId } from './projects/schema.js'
import { nearMisses } from './server/near-misses.js'
import { wholeNumber } from './text.js'

/** A bearer key, and the one project it opens where it is limited to one. */
export interface ApiKey {
  key: string
  projectId?: string
}

function whole(min: number, max: number) {
  const message = wholeNumber(min, max)
  return z
    .string()
    .regex(/^\d+$/, message)
    .transform(Number)
    .pipe(z.number().min(min, message).max(max, message))
}

const boolean = z.enum(['true', 'false'], 'must be true or false').transform((value) => value === 'true')

function list(value: string): string[] {
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

/** Models to try, best first. */
function models(preset: string) {
  return z
    .string()
    .default(preset)
    .transform(list)
    .refine((names) => names.length > 0, 'must name at least one model')
}

const secretKey = z.string().transform((value, ctx) => {
  const bytes = /^[0-9a-fA-F]{64}$/.test(value) ? Buffer.from(value, 'hex') : Buffer.from(value, 'base64')
  const fits = bytes.length === 32 && /^([0-9a-fA-F]{64}|[A-Za-z0-9+/_-]{43}=?)$/.test(value)
  if (!fits) ctx.addIssue({ code: 'custom', message: 'must be 32 bytes, in base64 or hex' })
  return bytes
})

function isNoProject(projectId: string | undefined): boolean {
  return projectId !== undefined && faultOfProjectId(projectId) !== undefined
}

const apiKeys = z.string().transform((value, ctx): ApiKey[] => {
  const keys = list(value).map((item) => {
    const at = item.lastIndexOf('=')
    return at === -1 ? { key: item } : { key: item.slice(at + 1), projectId: item.slice(0, at) }
  })
  const wrong =
    keys.length === 0 ||
    keys.some(({ key, projectId }) => !/^[A-Za-z0-9._~+/-]{16,}$/.test(key) || isNoProject(projectId)) ||
    new Set(keys.map(({ key }) => key)).size < keys.length
  if (wrong) {
    const message =
      'must be comma-separated keys, each different, of at least 16 of A-Z a-z 0-9 . _ ~ + / -, or projectId=key ' +
      'with an id that a project can have'
    ctx.addIssue({ code: 'custom', message })
  }
  return keys
})

const origins = z.string().transform((value, ctx) => {
  const all = list(value)
  if (all.some((origin) => !URL.canParse(origin) || new URL(origin).origin !== origin)) {
    ctx.addIssue({
      code: 'custom',
      message: 'must be comma-separated origins such as https://app.example.com',
    })
  }
  return all
})

const environment = z.object({
  PORT: whole(0, 65_535).default(3000),
  HOST: z.string().toLowerCase().default('localhost'),
  DATA_DIR: z.string().default('./data'),
  MONGODB_URL: z
    .string()
    .regex(/^mongodb(\+srv)?:\/\//, 'must begin with mongodb:// or mongodb+srv://')
    .optional(),
  SECRET_KEY: secretKey.optional(),
  API_KEYS: apiKeys.optional(),
  ALLOW_UNAUTHENTICATED: boolean.default(false),
  OPENAI_BASE_URL: z
    .string()
    .refine((value) => /^https?:\/\//.test(value) && URL.canParse(value), 'must be an http or https URL')
    .optional(),
  IMAGE_MODELS: models('gpt-image-1,gpt-image-2.6-flare,gpt-image-2.5-flare'),
  IMAGE_TIMEOUT_MS: whole(1, 3_600_000).default(180_000),
  IMAGE_RATE_PER_MINUTE: whole(1, 100_000).default(20),
  VERSIONS_KEPT: whole(1, MAX_VERSIONS_KEPT).default(DEFAULT_VERSIONS_KEPT),
  PERSONA_MODELS: models('gpt-5.4-mini,gpt-5-mini'),
  CHAT_TIMEOUT_MS: whole(1, 3_600_000).default(60_000),
  CHAT_RATE_PER_MINUTE: whole(1, 100_000).default(300),
  CORS_ORIGINS: origins.default([]),
  LOG_LEVEL: z
    .enum(
      ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
      'must be one of fatal, error, warn, info, debug, trace, silent',
    )
    .default('info'),
})

/** The environment variables that are settings of the service. */
export const settingNames: readonly string[] = Object.keys(environment.shape)

/** The service's settings, as the environment gives them (README, "Configuration"). */
export interface Config {
  port: number
  host: string
  dataDir: string
  mongodbUrl: string | undefined
  secretKey: Buffer | undefined
  /** Undefined where the service is open to all who reach it. */
  apiKeys: readonly ApiKey[] | undefined
  openaiBaseUrl: string | undefined
  imageModels: readonly string[]
  imageTimeoutMs: number
  imageRatePerMinute: number
  /** Versions of a persona, the current one counted. */
  versionsKept: number
  personaModels: readonly string[]
  chatTimeoutMs: number
  chatRatePerMinute: number
  corsOrigins: readonly string[]
  logLevel: string
}

/** Whether a host name or address is this machine alone. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

/**
 * Reads the settings from environment variables; an empty one counts as unset.
 *
 * @throws Error with one line that names the variable and what it may be, never its value.
 */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))
  const parsed = environment.safeParse(given)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new Error(`${issue?.path.join('.')} ${issue?.message}`)
  }
  const value = parsed.data
  if (!isLoopback(value.HOST) && value.API_KEYS === undefined && !value.ALLOW_UNAUTHENTICATED) {
    throw new Error(
      'HOST is reachable from other machines: set API_KEYS, or ALLOW_UNAUTHENTICATED=true to serve without keys',
    )
  }
  return {
    port: value.PORT,
    host: value.HOST,
    dataDir: value.DATA_DIR,
    mongodbUrl: value.MONGODB_URL,
    secretKey: value.SECRET_KEY,
    apiKeys: value.API_KEYS,
    openaiBaseUrl: value.OPENAI_BASE_URL,
    imageModels: value.IMAGE_MODELS,
    imageTimeoutMs: value.IMAGE_TIMEOUT_MS,
    imageRatePerMinute: value.IMAGE_RATE_PER_MINUTE,
    versionsKept: value.VERSIONS_KEPT,
    personaModels: value.PERSONA_MODELS,
    chatTimeoutMs: value.CHAT_TIMEOUT_MS,
    chatRatePerMinute: value.CHAT_RATE_PER_MINUTE,
    corsOrigins: value.CORS_ORIGINS,
    logLevel: value.LOG_LEVEL,
  }
}

/** One line for each variable that is likely to be meant otherwise than it is read; none holds a value. */
export function configWarnings(env: Readonly<Record<string, string | undefined>>): string[] {
  const set = Object.keys(env).filter((name) => env[name] !== undefined && env[name] !== '')
  const warnings = nearMisses(set, settingNames).map(
    ({ name, meant }) => `${name} is no setting of this service and is ignored: ${meant} may be meant`,
  )
  const url = env.OPENAI_BASE_URL ?? ''
  if (URL.canParse(url) && new URL(url).pathname === '/') {
    warnings.push('OPENAI_BASE_URL has no path: gateways usually want one that ends in /v1')
  }
  return warnings
}
