// The AI SDK's provider of OpenAI-compatible models.
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { generateText, streamText } from 'ai'

const { BASE_URL: baseURL, API_KEY: apiKey } = process.env
const model = createOpenAICompatible({ name: 'personas', baseURL, apiKey })('Müller / Sohn')
const request = { model, system: 'Order 1042.', prompt: 'How can I help?', maxRetries: 0 }

const { text } = await generateText(request)
let streamed = ''
for await (const piece of streamText(request).textStream) streamed += piece
console.log(JSON.stringify({ text, streamed }))
