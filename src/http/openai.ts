import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { createChatCompletion, getPersonaModel, listPersonaModels } from '../api/openai.js'
import { requireProject } from '../api/trpc.js'
import { publicError } from '../errors/public.js'
import { noResponsesApi } from '../errors/simulation.js'
import { projectInput } from '../projects/schema.js'
import { completionInput, withoutNulls } from '../simulation/completion.js'
import type { Completion, CompletionUsage, PersonaModel } from '../simulation/completion-answer.js'
import type { PersonaModels } from '../simulation/models.js'
import type { ChatAnswer, ChatPieces, Usage } from '../simulation/openai/answers.js'
import { Answer, type AnswerLimits } from './answers.js'
import { jsonObject } from './body.js'
import { logFailure } from './errors.js'
import { openAiErrorBody } from './openai-errors.js'
import { routeUrl } from './rest.js'

interface ModelRoute {
  Params: { projectId: string; model: string }
}

/** What stands in every answer to one request. */
interface About {
  id: string
  created: number
  model: string
  persona: { id: string; version: number }
}

function seconds(time: number): number {
  return Math.floor(time / 1000)
}

function modelBody(name: string, updatedAt: string): PersonaModel {
  return { id: name, object: 'model', created: seconds(Date.parse(updatedAt)), owned_by: 'personas-api' }
}

function usageBody({ inputTokens, outputTokens, totalTokens }: Usage): CompletionUsage {
  return { prompt_tokens: inputTokens, completion_tokens: outputTokens, total_tokens: totalTokens }
}

function completionBody(about: About, { text, finish, usage }: ChatAnswer): Completion {
  const message = { role: 'assistant' as const, content: text, refusal: null }
  const choices = [{ index: 0, message, logprobs: null, finish_reason: finish }]
  return { ...about, object: 'chat.completion', choices, ...(usage && { usage: usageBody(usage) }) }
}

/** The pieces of an answer as server-sent events (what OpenAI streams). Where it breaks off, the error is the last. */
async function* events(
  about: About,
  pieces: AsyncIterable<ChatPieces>,
  { withUsage, onError }: { withUsage: boolean; onError: (error: unknown) => object },
): AsyncGenerator<string> {
  const head = JSON.stringify({ ...about, object: 'chat.completion.chunk' }).slice(0, -1)
  const noUsage = withUsage ? ',"usage":null' : ''
  const chunk = (delta: string, finish = 'null') =>
    `data: ${head},"choices":[{"index":0,"delta":${delta},"logprobs":null,"finish_reason":${finish}}]${noUsage}}\n\n`
  let written = chunk('{"role":"assistant","content":""}')
  try {
    for await (const { texts, end } of pieces) {
      for (const text of texts) written += chunk(`{"content":${JSON.stringify(text)}}`)
      if (end !== undefined) written += chunk('{}', JSON.stringify(end.finish))
      if (withUsage && end?.usage !== undefined) {
        written += `data: ${head},"choices":[],"usage":${JSON.stringify(usageBody(end.usage))}}\n\n`
      }
      if (end !== undefined) written += 'data: [DONE]\n\n'
      // What came at once goes at once.
      yield written
      written = ''
    }
  } catch (error) {
    yield `data: ${JSON.stringify(onError(error))}\n\n`
  }
}

/** Serves a project's personas as the models of OpenAI's API, for clients that speak it. */
export function mountOpenAi(
  scope: FastifyInstance,
  { models, answers }: { models: PersonaModels; answers: AnswerLimits },
): void {
  function projectOf({ access, params }: FastifyRequest): string {
    // The path has it.
    const { projectId } = projectInput.parse(params)
    requireProject(access, projectId)
    return projectId
  }

  scope.get(routeUrl(listPersonaModels.openapi.path), async (request, reply) => {
    const projectId = projectOf(request)
    const budget = new Answer(answers, request)
    await budget.begin(1)
    const names = await request.lifetime.during(() => models.list(projectId))
    const data = names.map(({ name, updatedAt }) => modelBody(name, updatedAt))
    const json = JSON.stringify({ object: 'list', data })
    budget.made(Buffer.byteLength(json))
    return reply.type('application/json; charset=utf-8').send(json)
  })

  scope.get<ModelRoute>(routeUrl(getPersonaModel.openapi.path), async (request, reply) => {
    const projectId = projectOf(request)
    const { model } = request.params
    const { updatedAt } = await request.lifetime.during(() => models.find(projectId, model))
    return reply.type('application/json; charset=utf-8').send(JSON.stringify(modelBody(model, updatedAt)))
  })

  const completions = routeUrl(createChatCompletion.openapi.path)
  scope.route({
    method: ['GET', 'POST'],
    url: completions.replace('chat/completions', 'responses'),
    handler: async (request) => {
      projectOf(request)
      throw noResponsesApi()
    },
  })

  async function complete(request: FastifyRequest, reply: FastifyReply) {
    const projectId = projectOf(request)
    const { lifetime, body } = request
    const { signal } = lifetime
    const given = typeof body === 'string' ? jsonObject(body) : undefined
    const input = completionInput.parse({ ...(withoutNulls(given ?? {}) as object), projectId })
    const about = { id: `chatcmpl-${randomUUID()}`, created: seconds(Date.now()), model: input.model }
    if (input.stream !== true) {
      const { persona, ...answer } = await lifetime.during(() => models.complete(input, signal))
      const json = JSON.stringify(completionBody({ ...about, persona: shown(persona) }, answer))
      return reply.type('application/json; charset=utf-8').send(json)
    }
    const { persona, pieces, end } = await lifetime.during(() => models.stream(input, signal))
    // Also where the reader is gone before the first event is asked for.
    lifetime.onOver(end)
    const onError = (error: unknown) => {
      const known = publicError(error)
      logFailure(request, error, known)
      return openAiErrorBody(known)
    }
    const withUsage = input.stream_options?.include_usage === true
    const sent = events({ ...about, persona: shown(persona) }, pieces, { withUsage, onError })
    return reply
      .type('text/event-stream; charset=utf-8')
      .header('cache-control', 'no-store')
      .header('x-accel-buffering', 'no')
      .send(Readable.from(sent, { objectMode: false }))
  }
  scope.post(completions, complete)
}

function shown({ id, version }: About['persona']): About['persona'] {
  return { id, version }
}
