import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import sharp from 'sharp'

/** What the server does with one request. */
export type Reply =
  /** A picture, as the API sends it; a small wide PNG unless given. */
  | { kind: 'picture'; bytes?: Buffer; delayMs?: number }
  /** Any answer; an object goes as JSON, a text as HTML, a buffer as it is. */
  | { kind: 'answer'; status: number; body: unknown; headers?: Record<string, string> }
  /** Closes the connection without an answer, or in the middle of one. */
  | { kind: 'reset'; when: 'before headers' | 'in the body' }
  /** Sends nothing (more) and leaves the connection open. */
  | { kind: 'hang'; when: 'before headers' | 'in the body' }

/** A request as it arrived. */
export interface RecordedRequest {
  path: string
  authorization: string | undefined
  headers: IncomingMessage['headers']
  /** Fields of the JSON body or the form, without files. */
  fields: Record<string, unknown>
  /** Files of the form in their order. */
  files: { field: string; name: string; type: string; bytes: Buffer }[]
  /** Becomes true when the client goes before the answer is complete. */
  hungUp: boolean
}

/** A local server that speaks a part of OpenAI's API. */
export interface OpenAiApi {
  /** Base address for the SDK (`…/v1`). */
  url: string
  /** What arrived, oldest first. */
  requests: RecordedRequest[]
  /** From now on the API does not know these models. */
  retire(...models: string[]): void
  /** Forgets requests, queued replies and retired models. */
  reset(): void
  close(): Promise<void>
}

export interface ImagesApi extends OpenAiApi {
  /** Queues replies, one a request; with none queued a picture is sent. */
  reply(...replies: Reply[]): void
}

/** Errors as OpenAI was seen to send them, by what they mean. */
export const openAiErrors = {
  moderationBlocked: errorReply(400, {
    message:
      'Your request was rejected by the safety system. If you believe this is an error, contact us at help.openai.com and include the request ID req_0a1b2c. safety_violations=[sexual].',
    type: 'image_generation_user_error',
    code: 'moderation_blocked',
  }),
  contentPolicyViolation: errorReply(400, {
    message:
      'Your request was rejected as a result of our safety system. Your prompt may contain text that is not allowed by our safety system.',
    type: 'invalid_request_error',
    code: 'content_policy_violation',
  }),
  unsupportedFile: errorReply(400, {
    message:
      "Invalid file 'image[1]': unsupported mimetype ('application/octet-stream'). Supported file formats are 'image/jpeg', 'image/png', and 'image/webp'.",
    type: 'invalid_request_error',
    param: 'image[1]',
    code: 'unsupported_file_mimetype',
  }),
  invalidImageFile: errorReply(400, {
    message: 'Invalid image file or mode for image 1, please check your image file.',
    type: 'image_generation_user_error',
    code: 'invalid_image_file',
  }),
  invalidApiKey: errorReply(401, {
    message:
      'Incorrect API key provided: sk-test-*******cret. You can find your API key at https://platform.openai.com/account/api-keys.',
    type: 'invalid_request_error',
    code: 'invalid_api_key',
  }),
  organizationNotVerified: errorReply(403, {
    message:
      'Your organization must be verified to use the model `gpt-image-1`. Please go to: https://platform.openai.com/settings/organization/general and click on Verify Organization.',
    type: 'invalid_request_error',
  }),
  modelNotFound: errorReply(404, {
    message: 'The model `gpt-image-1` does not exist or you do not have access to it.',
    type: 'invalid_request_error',
    code: 'model_not_found',
  }),
  modelDeprecated: errorReply(404, {
    message:
      'The model `gpt-image-1` has been deprecated, learn more here: https://platform.openai.com/docs/deprecations',
    type: 'invalid_request_error',
  }),
  modelNotOfProject: errorReply(403, {
    message: 'Project `proj_1` does not have access to model `gpt-image-1`',
    type: 'invalid_request_error',
    code: 'model_not_found',
  }),
  modelInvalidValue: errorReply(400, {
    message:
      "Invalid value: 'gpt-image-1'. Supported values are: 'gpt-image-2' and 'gpt-image-2-2026-04-21'.",
    type: 'invalid_request_error',
    param: 'model',
    code: 'invalid_value',
  }),
  insufficientQuota: errorReply(429, {
    message: 'You exceeded your current quota, please check your plan and billing details.',
    type: 'insufficient_quota',
    code: 'insufficient_quota',
  }),
  billingHardLimit: errorReply(400, {
    message: 'Billing hard limit has been reached.',
    type: 'billing_limit_user_error',
    code: 'billing_hard_limit_reached',
  }),
  rateLimited: errorReply(
    429,
    {
      message:
        'Rate limit reached for gpt-image-1 in organization org-abc on input-images per min: Limit 5, Used 5, Requested 1. Please try again in 12s.',
      type: 'input-images',
      code: 'rate_limit_exceeded',
    },
    { 'retry-after': '12' },
  ),
  overloaded: errorReply(
    503,
    {
      message: 'Our servers are currently overloaded. Please try again later.',
      type: 'server_error',
      code: 'server_is_overloaded',
    },
    { 'retry-after': '7' },
  ),
  unknownParameter: errorReply(400, {
    message: "Unknown parameter: 'size'.",
    type: 'invalid_request_error',
    param: 'size',
    code: 'unknown_parameter',
  }),
  serverError: errorReply(500, {
    message: 'The server had an error while processing your request. Sorry about that!',
    type: 'server_error',
  }),
} satisfies Record<string, Reply>

interface OpenAiError {
  message: string
  type: string
  param?: string
  code?: string
}

/** An error in OpenAI's form: what it does not name is null. */
export function errorReply(
  status: number,
  error: OpenAiError,
  headers: Record<string, string> = {},
): Extract<Reply, { kind: 'answer' }> {
  const body = { error: { param: null, code: null, ...error } }
  return { kind: 'answer', status, body, headers: { 'x-request-id': 'req_0a1b2c', ...headers } }
}

/** Starts a local server that speaks OpenAI's images API: generations and edits. */
export async function startImagesApi(): Promise<ImagesApi> {
  let queue: Reply[] = []
  const api = await startOpenAiApi(/^\/v1\/images\/(generations|edits)$/, async (_, response) => {
    await send(queue.shift() ?? { kind: 'picture' }, response)
  })
  return {
    ...api,
    reply: (...replies) => {
      queue.push(...replies)
    },
    reset: () => {
      api.reset()
      queue = []
    },
  }
}

/** Starts a server whose requests to the paths, of models that are served, are answered by `answer`. */
export async function startOpenAiApi(
  paths: RegExp,
  answer: (request: RecordedRequest, response: ServerResponse) => Promise<void>,
): Promise<OpenAiApi> {
  const requests: RecordedRequest[] = []
  const retired = new Set<unknown>()

  const server = createServer(async (request, response) => {
    const recorded = await record(request)
    requests.push(recorded)
    response.on('close', () => {
      recorded.hungUp = !response.writableFinished
    })
    const { path, fields } = recorded
    if (!paths.test(path)) {
      const message = `Invalid URL (POST ${path})`
      return send(errorReply(404, { message, type: 'invalid_request_error' }), response)
    }
    if (retired.has(fields.model)) return send(openAiErrors.modelNotFound, response)
    await answer(recorded, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // Listening on TCP, its address is never a pipe's name.
  const { port } = server.address() as AddressInfo

  return {
    url: `http://127.0.0.1:${port}/v1`,
    requests,
    retire: (...models) => {
      for (const model of models) retired.add(model)
    },
    reset: () => {
      requests.length = 0
      retired.clear()
    },
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

async function record(request: IncomingMessage): Promise<RecordedRequest> {
  const body = await buffer(request)
  const type = request.headers['content-type'] ?? ''
  const recorded: RecordedRequest = {
    path: request.url ?? '',
    authorization: request.headers.authorization,
    headers: request.headers,
    fields: {},
    files: [],
    hungUp: false,
  }
  if (!type.startsWith('multipart/form-data')) {
    recorded.fields = JSON.parse(body.toString() || '{}')
    return recorded
  }
  const form = await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData()
  for (const [field, value] of form) {
    if (typeof value === 'string') recorded.fields[field] = value
    else {
      const bytes = Buffer.from(await value.arrayBuffer())
      recorded.files.push({ field, name: value.name, type: value.type, bytes })
    }
  }
  return recorded
}

/** Answers as a reply says. */
export async function send(reply: Reply, response: ServerResponse): Promise<void> {
  if (reply.kind === 'picture') {
    await delay(reply.delayMs ?? 0)
    sendJson(response, 200, await pictureAnswer(reply.bytes))
  } else if (reply.kind === 'answer') {
    if (Buffer.isBuffer(reply.body))
      return void response.writeHead(reply.status, reply.headers).end(reply.body)
    if (typeof reply.body === 'object') return sendJson(response, reply.status, reply.body, reply.headers)
    response.writeHead(reply.status, { 'content-type': 'text/html', ...reply.headers }).end(reply.body)
  } else {
    if (reply.when === 'in the body') {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.write('{"created":1772000000,"data":[{"b64_json":"iVBORw0KGgo')
      await delay(20)
    }
    if (reply.kind === 'reset') response.destroy()
  }
}

function sendJson(response: ServerResponse, status: number, body: unknown, headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

/** The body of a success, around a picture. */
export async function pictureAnswer(bytes?: Buffer): Promise<object> {
  const picture = bytes ?? (await widePicture())
  return {
    created: 1_772_000_000,
    background: 'opaque',
    data: [{ b64_json: picture.toString('base64') }],
    output_format: 'png',
    quality: 'high',
    size: '1024x1024',
    usage: { input_tokens: 50, output_tokens: 4160, total_tokens: 4210 },
  }
}

/** 96×64, blue at both ends and orange in the middle square, so that a crop shows. */
export function widePicture(): Promise<Buffer> {
  const middle = { create: { width: 64, height: 64, channels: 3, background: '#f80' } } as const
  return sharp({ create: { width: 96, height: 64, channels: 3, background: '#00f' } })
    .composite([{ input: middle }])
    .png()
    .toBuffer()
}
