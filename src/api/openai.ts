import { ofChat } from '../errors/catalogue.js'
import { versionNotFound } from '../errors/personas.js'
import { noProvider, noSystemPrompt, notOpenAi } from '../errors/portraits.js'
import { personaModelNotFound } from '../errors/simulation.js'
import { projectId } from '../projects/schema.js'
import { model } from '../simulation/completion.js'
import type { Operation } from './operations.js'

const OPENAI = '/api/projects/{projectId}/openai/v1'
const tags = ['Personas as models']

/** A declaration of an operation of OpenAI's API, whose bodies have no place in tRPC. */
type Declaration = Pick<Operation, 'openapi' | 'rest' | 'errors' | 'fields'> & Partial<Operation>

/**
 * Operations in OpenAI's own forms: their routes (http/openai.ts) and their parts of the document
 * (openapi/openai-paths.ts) are made from these.
 */
export const listPersonaModels = {
  openapi: {
    method: 'GET',
    path: `${OPENAI}/models`,
    operationId: 'listPersonaModels',
    tags,
    summary: 'List personas as models',
    successDescription: 'The models',
    description: 'The names of the project’s personas, the oldest 10,000, as OpenAI’s API lists models.',
  },
  rest: { status: 200 },
  errors: [],
  fields: { projectId },
  invalid: undefined,
} as const satisfies Declaration

export const getPersonaModel = {
  openapi: {
    method: 'GET',
    path: `${OPENAI}/models/{model}`,
    operationId: 'getPersonaModel',
    tags,
    summary: 'Get a persona as a model',
    successDescription: 'The model',
    description: 'The persona that a `model` names: see `createChatCompletion`.',
  },
  rest: { status: 200 },
  errors: [personaModelNotFound, versionNotFound],
  fields: { projectId, model },
  invalid: undefined,
} as const satisfies Declaration

export const createChatCompletion = {
  openapi: {
    method: 'POST',
    path: `${OPENAI}/chat/completions`,
    operationId: 'createChatCompletion',
    tags,
    summary: 'Speak with a persona as a model',
    successDescription: 'What the persona says; with `stream`, events that each hold a piece of it',
    description:
      'OpenAI’s chat completions, for clients that speak them: `model` names a persona, `user` is the agent under test, ' +
      '`assistant` the persona, and `system` and `developer` messages are the scenario. Fields that are null count as ' +
      'left out, and others than these are ignored. Needs `llmSettings` of provider `openai`. It is never tried again ' +
      'by itself, as a failed call may have been billed; a failure after the first piece of a stream is an event with ' +
      '`error`.',
  },
  rest: { status: 200, takesLong: true },
  errors: [personaModelNotFound, versionNotFound, noSystemPrompt, noProvider, notOpenAi, ...ofChat],
  fields: { projectId },
  invalid: undefined,
} as const satisfies Declaration
