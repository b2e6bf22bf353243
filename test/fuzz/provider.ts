import { type OpenAiApi, send, startOpenAiApi } from '../portraits/images-api.js'

/** What a model answers where a form is asked for, by the name of its schema. */
const FORMS: Record<string, object> = {
  turn: { message: 'Where is my parcel?', done: false, reason: 'continue' },
  axes: { axes: [{ name: 'patience', values: ['none', 'some'] }] },
  drafts: { drafts: [] },
}

/** A provider that draws, and answers every conversation in the form that it is asked for. */
export function startProvider(): Promise<OpenAiApi> {
  return startOpenAiApi(
    /^\/v1\/(images\/(generations|edits)|chat\/completions)$/,
    async ({ path, fields }, response) => {
      if (!path.endsWith('/completions')) return send({ kind: 'picture' }, response)
      const format = fields.response_format as { json_schema?: { name?: string } } | undefined
      const content = JSON.stringify(FORMS[format?.json_schema?.name ?? ''] ?? 'Where is my parcel?')
      if (fields.stream === true) {
        const chunk = { choices: [{ index: 0, delta: { content }, finish_reason: 'stop' }] }
        return void response
          .writeHead(200, { 'content-type': 'text/event-stream' })
          .end(`data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`)
      }
      const message = { role: 'assistant', content, refusal: null }
      const choices = [{ index: 0, message, finish_reason: 'stop' }]
      const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }
      const body = {
        id: 'chatcmpl-1',
        object: 'chat.completion',
        created: 1,
        model: fields.model,
        choices,
        usage,
      }
      await send({ kind: 'answer', status: 200, body }, response)
    },
  )
}
