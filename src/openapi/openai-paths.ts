import type { ZodOpenApiPathsObject } from 'zod-openapi'
import { createChatCompletion, getPersonaModel, listPersonaModels } from '../api/openai.js'
import { completionInput } from '../simulation/completion.js'
import { completion, personaModel, personaModels } from '../simulation/completion-answer.js'
import { declaredPath, jsonOf } from './declared-path.js'

const completionBody = completionInput.omit({ projectId: true }).meta({
  ...completionInput.meta(),
  id: 'ChatCompletionInput',
  description: 'The conversation so far, and how to go on',
})

const EVENTS = `data: {"id":"chatcmpl-1","created":1772000000,"model":"impatient-user","persona":{"id":"987fcdeb-51a2-4bc4-9567-890123456789","version":1},"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"Where is my refund?"},"logprobs":null,"finish_reason":null}]}

data: [DONE]

`

/** The operations in OpenAI's own forms. */
export function openAiPaths(): ZodOpenApiPathsObject {
  return {
    ...declaredPath(listPersonaModels, { success: jsonOf(personaModels) }),
    ...declaredPath(getPersonaModel, { success: jsonOf(personaModel) }),
    ...declaredPath(createChatCompletion, {
      request: jsonOf(completionBody),
      success: {
        ...jsonOf(completion),
        'text/event-stream': { schema: { type: 'string' }, example: EVENTS },
      },
    }),
  }
}
