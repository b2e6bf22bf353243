import { type OpenAiApi, send, startOpenAiApi } from '../portraits/images-api.js'
import { converse } from '../support/chat.js'

/** A provider that draws, and answers every conversation in the form that it is asked for. */
export function startProvider(): Promise<OpenAiApi> {
  return startOpenAiApi(
    /^\/v1\/(images\/(generations|edits)|chat\/completions)$/,
    ({ path, fields }, response) =>
      path.endsWith('/completions') ? converse(fields, response) : send({ kind: 'picture' }, response),
  )
}
