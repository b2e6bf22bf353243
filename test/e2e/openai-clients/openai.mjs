// OpenAI's own SDK, as a caller uses it: models, an answer, a stream.
import OpenAI from 'openai'

const client = new OpenAI({ baseURL: process.env.BASE_URL, apiKey: process.env.API_KEY })
const model = 'Müller / Sohn'
const messages = [{ role: 'user', content: 'How can I help?' }]

const { data } = await client.models.list()
const one = await client.models.retrieve(model)
const answer = await client.chat.completions.create({ model, messages, temperature: 0 })
const stream = await client.chat.completions.create({ model, messages, stream: true })
let streamed = ''
for await (const { choices } of stream) streamed += choices[0]?.delta.content ?? ''
const missing = await client.chat.completions
  .create({ model: 'nobody', messages })
  .catch(({ status }) => status)
const text = answer.choices[0].message.content
console.log(JSON.stringify({ models: data.map(({ id }) => id), one: one.id, text, streamed, missing }))
