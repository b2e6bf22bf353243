import { type OpenAI, toFile } from 'openai'
import {
  answerNotBase64,
  answerWithLink,
  answerWithoutPicture,
  tooManyProviderAnswers,
} from '../../errors/portraits.js'
import { answerNotJson } from '../../errors/provider.js'
import type { ImageFormat } from '../../images/schema.js'
import { Limit } from '../../limit.js'
import type { Metrics } from '../../metrics.js'
import { type OpenAiOptions, OpenAiProvider } from '../../providers/openai/call.js'
import { referenceError } from './references.js'

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
   * @throws ServiceError as providers/openai/errors.ts translates the answer of the provider
   */
  generate(request: GenerateRequest): Promise<{ bytes: Buffer; model: string }>
}

const MIB = 1024 * 1024
/** A 1024×1024 picture takes 11 MiB in base64 at the very most. */
const MAX_ANSWER_BYTES = 16 * MIB
/** Answers read at once, in bytes: three of the largest. While it is decoded, one takes about four times its bytes. */
const READING_BYTES = 48 * MIB
const EXTENSIONS = { png: 'png', jpeg: 'jpg', webp: 'webp' } as const

/** OpenAI's image API, or that of a gateway which speaks it, through the official SDK. */
export function createImageProvider(
  options: OpenAiOptions & { metrics: Pick<Metrics, 'limit'> },
): ImageProvider {
  const provider = new OpenAiProvider(options)
  const reading = new Limit({
    name: 'provider_answer_bytes',
    capacity: READING_BYTES,
    error: tooManyProviderAnswers,
  })
  options.metrics.limit(reading)

  return {
    async generate({ prompt, references, ...request }) {
      const call = provider.begin({
        ...request,
        texts: [prompt],
        answer: { maxBytes: MAX_ANSWER_BYTES, reading },
        ownError: (failure) => referenceError(failure, references),
      })
      try {
        const { signal } = call
        const { model, answer } = await call.firstServed((client, model) =>
          ask(client, model, { prompt, references, signal }),
        )
        return { bytes: pictureOf(answer), model }
      } catch (error) {
        throw call.errorOf(error)
      } finally {
        call.end()
      }
    },
  }
}

async function ask(
  client: OpenAI,
  model: string,
  { prompt, references, signal }: Pick<GenerateRequest, 'prompt' | 'references' | 'signal'>,
): Promise<unknown> {
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
