import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import OpenAI, { toFile } from 'openai'
import { ServiceError } from '../../errors/error.js'
import { tooManyProviderAnswers } from '../../errors/portraits.js'
import {
  answerNotBase64,
  answerNotJson,
  answerWithLink,
  answerWithoutPicture,
  noModelServed,
  providerKeyMalformed,
  providerTimedOut,
} from '../../errors/provider.js'
import type { ImageFormat } from '../../images/schema.js'
import { Limit } from '../../limit.js'
import type { Metrics } from '../../metrics.js'
import { BoundedFetch } from './bounded-fetch.js'
import { isModelGone, providerError } from './errors.js'

/** A picture whose style the portrait should match. */
export interface StyleReference {
  id: string
  format: ImageFormat
  bytes: Buffer
}

/** What a provider needs to draw one portrait. */
export interface GenerateRequest {
  apiKey: string
  /** Use this model alone; without it, the first of the provider's list that is still served. */
  model?: string | undefined
  prompt: string
  /** At most 16, in the order in which they are sent. */
  references: readonly StyleReference[]
  /** Gives the call up; `generate` then throws the signal's reason. */
  signal: AbortSignal
}

/** Draws portraits; each call may cost the key's owner money, so nothing is ever tried twice. */
export interface ImageProvider {
  /**
   * The picture as the provider sent it, not yet decoded, and the model that made it.
   * @throws ServiceError as errors.ts translates the answer of the provider
   */
  generate(request: GenerateRequest): Promise<{ bytes: Buffer; model: string }>
}

export interface OpenAiOptions {
  /** Address of a compatible gateway, with its path (`https://…/v1`). */
  baseUrl?: string | undefined
  /** Models to use where a request names none, best first. */
  models: readonly string[]
  /** Limit for a whole call in milliseconds, from the first attempt to the last byte. */
  timeoutMs: number
  metrics: Pick<Metrics, 'limit'>
  /** Milliseconds since 1970. */
  now?: () => number
}

const OPENAI_URL = 'https://api.openai.com/v1'
const HOUR = 3_600_000
/** Pairs of key and model to remember; beyond it the oldest are asked for again. */
const MAX_REMEMBERED = 10_000
/** Answers read at once, in bytes: three of the largest. While it is decoded, one takes about four times its bytes. */
const READING_BYTES = 48 * 1024 * 1024
const EXTENSIONS = { png: 'png', jpeg: 'jpg', webp: 'webp' } as const

/** OpenAI's image API, or that of a gateway which speaks it, through the official SDK. */
export function createOpenAiProvider(options: OpenAiOptions): ImageProvider {
  const { models, timeoutMs, metrics, now = Date.now } = options
  const reading = new Limit({
    name: 'provider_answer_bytes',
    capacity: READING_BYTES,
    error: tooManyProviderAnswers,
  })
  metrics.limit(reading)
  const gone = new LRUCache<string, true>({ max: MAX_REMEMBERED, ttl: HOUR, ttlResolution: 0, perf: { now } })

  async function firstServed(client: OpenAI, request: GenerateRequest) {
    const candidates = request.model === undefined ? models : [request.model]
    for (const model of candidates) {
      const memory = memoryKey(request.apiKey, model)
      // A model that was asked for by name is always tried: its answer costs nothing.
      if (request.model === undefined && gone.has(memory)) continue
      try {
        return { model, answer: await ask(client, model, request) }
      } catch (error) {
        if (!isModelGone(error)) throw error
        gone.set(memory, true)
      }
    }
    const tried = candidates.join(', ')
    throw noModelServed({ models: tried, cause: `no model served: ${tried}` })
  }

  return {
    async generate(request) {
      const limit = AbortSignal.timeout(timeoutMs)
      // One signal for headers and body of every attempt: the SDK's own timeout ends with the headers.
      const signal = AbortSignal.any([request.signal, limit])
      const bounded = new BoundedFetch(reading)
      try {
        const client = clientFor(request.apiKey, { ...options, fetch: bounded.fetch })
        const { model, answer } = await firstServed(client, { ...request, signal })
        return { bytes: pictureOf(answer), model }
      } catch (error) {
        if (error instanceof ServiceError) throw error
        if (request.signal.aborted) throw request.signal.reason
        if (limit.aborted) throw providerTimedOut({ seconds: timeoutMs / 1000, cause: { timeoutMs } })
        throw providerError(error, request, now())
      } finally {
        bounded.release()
      }
    },
  }
}

function clientFor(
  apiKey: string,
  { baseUrl = OPENAI_URL, timeoutMs, fetch }: OpenAiOptions & Pick<BoundedFetch, 'fetch'>,
): OpenAI {
  // The key goes into a header, whose errors would repeat it.
  if (!/^[\x21-\x7e]+$/.test(apiKey)) {
    throw providerKeyMalformed({ cause: 'the key is not visible ASCII' })
  }
  return new OpenAI({
    apiKey,
    baseURL: baseUrl,
    fetch,
    // A failed call may have been billed.
    maxRetries: 0,
    // Debug logs print prompts.
    logLevel: 'off',
    timeout: timeoutMs + 1000,
    // The SDK would take these from the environment, and they belong to another account than the key.
    organization: null,
    project: null,
    adminAPIKey: null,
  })
}

async function ask(client: OpenAI, model: string, request: GenerateRequest): Promise<unknown> {
  const { prompt, references, signal } = request
  const params = { model, prompt, n: 1, size: '1024x1024' } as const
  if (references.length === 0) return client.images.generate(params, { signal })
  // Without a type the files would go as octet-stream, which the API refuses.
  const image = await Promise.all(
    references.map(({ bytes, format }, at) =>
      toFile(bytes, `reference-${at + 1}.${EXTENSIONS[format]}`, { type: `image/${format}` }),
    ),
  )
  return client.images.edit({ ...params, image }, { signal })
}

// The SDK's types promise a picture, but a body that is not JSON arrives as a string, and gateways differ.
function pictureOf(answer: unknown): Buffer {
  if (typeof answer === 'string' && answer !== '') throw answerNotJson({ cause: 'not JSON' })
  const data = typeof answer === 'object' && answer !== null && 'data' in answer ? answer.data : undefined
  const first: unknown = Array.isArray(data) ? data[0] : undefined
  const without = () => answerWithoutPicture({ cause: 'no picture in the answer' })
  if (typeof first !== 'object' || first === null) throw without()
  const encoded = 'b64_json' in first ? first.b64_json : undefined
  if (typeof encoded === 'string' && encoded !== '') return decodeBase64(encoded)
  // Whoever answers could have any address fetched from inside our network.
  if ('url' in first && first.url) throw answerWithLink({ cause: 'a link' })
  throw without()
}

// Buffer.from skips what is not base64 instead of failing, so the length is compared.
function decodeBase64(encoded: string): Buffer {
  const digits = encoded.replaceAll(/\s+/g, '').replace(/={1,2}$/, '')
  const bytes = Buffer.from(digits, 'base64')
  if (bytes.length === 0 || bytes.length !== Math.floor((digits.length * 3) / 4)) {
    throw answerNotBase64({ cause: 'not base64' })
  }
  return bytes
}

/** Provider keys are kept nowhere in clear, so a digest stands for one. */
function memoryKey(apiKey: string, model: string): string {
  return createHash('sha256').update(apiKey).update('\0').update(model).digest('base64')
}
