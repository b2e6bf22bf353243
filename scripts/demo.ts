// Fills a project with a dozen personas, and draws their portraits where there is a provider for it:
// OPENAI_API_KEY here, or a key already stored for the project. It can be run again.
// With --generate the personas are not those of the demo: the provider drafts half a dozen from the brief.
// The service is the one at PERSONAS_URL, else one that already listens at HOST and PORT, else one started
// here, which runs until Ctrl+C. PERSONAS_API_KEY: a key of the service, where it has any.
// usage: npm run demo [-- [project-id] [--generate "brief"]]
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { serve } from '../src/server/serve.js'
import { demoPersonas } from './demo-personas.js'

/** How long a service may take to start, and how often it is asked whether it has, in milliseconds. */
const START_TIMEOUT = 30_000
const POLL_INTERVAL = 50
/** How many personas are drafted from a brief. */
const DRAFTS = 6
const SET_KEY = 'set OPENAI_API_KEY, or store a key in the project’s llmSettings'

// An empty variable counts as unset, as it does for the service.
const { PERSONAS_URL, HOST, PORT, PERSONAS_API_KEY, OPENAI_API_KEY } = process.env
const base = (PERSONAS_URL || `http://${HOST || 'localhost'}:${PORT || 3000}`).replace(/\/+$/, '')
const { values: options, positionals } = parseArgs({
  options: { generate: { type: 'string' } },
  allowPositionals: true,
})
const [projectId = 'demo'] = positionals
const project = `${base}/api/projects/${encodeURIComponent(projectId)}`

interface Answer {
  status: number
  body: { id?: string; name?: string; imageUrl?: string; message?: string; llmSettings?: object }
}

/** Calls the service. @throws Error with its message for an error status that is not expected. */
async function call(
  method: string,
  url: string,
  { body, expected = [] }: { body?: object; expected?: number[] } = {},
) {
  const headers = {
    ...(body !== undefined && { 'Content-Type': 'application/json' }),
    ...(PERSONAS_API_KEY && { Authorization: `Bearer ${PERSONAS_API_KEY}` }),
  }
  const response = await fetch(url, { method, headers, ...(body && { body: JSON.stringify(body) }) })
  // Every answer of the service is JSON, errors included.
  const answer = { status: response.status, body: (await response.json()) as Answer['body'] }
  if (response.ok || expected.includes(answer.status)) return answer
  if (answer.status === 401)
    throw new Error(`${base} needs a key: set PERSONAS_API_KEY to one of its API_KEYS`)
  throw new Error(`${method} ${url}: ${answer.body.message}`)
}

/** What answers at the address: a service like this one, something else, or nothing. */
async function whoAnswers(): Promise<'the service' | 'another' | 'nobody'> {
  const response = await fetch(`${base}/openapi.json`).catch(() => undefined)
  if (response === undefined) return 'nobody'
  // Whatever it sends: only our document has this title.
  const document = (await response.json().catch(() => undefined)) as
    | { info?: { title?: unknown } }
    | undefined
  return document?.info?.title === 'Personas API' ? 'the service' : 'another'
}

/** Finds or starts the service. Returns whether it was started here: it then ends this process when stopped. */
async function findOrStart(): Promise<boolean> {
  const found = await whoAnswers()
  if (found === 'the service') return false
  if (found === 'another') {
    const advice = PERSONAS_URL
      ? 'set PERSONAS_URL to its address'
      : 'choose another port: PORT=3001 npm run demo'
    throw new Error(`what answers at ${base} is not the personas API; ${advice}`)
  }
  if (PERSONAS_URL) {
    throw new Error(
      `nothing answers at ${base}; start the service, or unset PERSONAS_URL and it is started here`,
    )
  }
  // Otherwise its request log would be mixed with the output of this script.
  process.env.LOG_LEVEL ||= 'warn'
  const stop = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]).then(() => undefined)
  const ended = serve(stop).then(() => process.exit(0))
  const started = Date.now()
  while ((await Promise.race([ended, whoAnswers()])) !== 'the service') {
    if (Date.now() - started > START_TIMEOUT) throw new Error(`the service does not answer at ${base}`)
    await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL))
  }
  return true
}

interface Draft {
  name: string
  description?: string
}

/** Has personas written from a brief, each of them for another combination of what such users differ in. */
async function draftsOf(brief: string): Promise<Draft[]> {
  const { body } = await call('POST', `${project}/personas/generate`, { body: { brief, count: DRAFTS } })
  // As the document says.
  const { drafts, axes, dropped } = body as unknown as {
    drafts: Draft[]
    axes: { name: string; values: string[] }[]
    dropped: number
  }
  for (const { name, values } of axes) console.log(`axis    ${name}: ${values.join(', ')}`)
  if (dropped > 0) console.log(`dropped ${dropped}, as they were nearly the same as others`)
  return drafts
}

/** Creates the personas that do not exist yet, and returns those of the project by name. */
async function createPersonas(
  wanted: readonly Draft[],
): Promise<Map<string, { id: string; imageUrl?: string }>> {
  for (const persona of wanted) {
    const { status } = await call('POST', `${project}/personas`, { body: persona, expected: [409] })
    console.log(`${status === 201 ? 'created' : 'exists '} ${persona.name}: ${persona.description}`)
  }
  const { body } = await call('GET', `${project}/personas`)
  // A list of personas, as the document says.
  const personas = body as unknown as { id: string; name: string; imageUrl?: string }[]
  return new Map(personas.map((persona) => [persona.name, persona]))
}

async function hasProvider(): Promise<boolean> {
  const llmSettings = { provider: 'openai', apiKey: OPENAI_API_KEY }
  const { body } = OPENAI_API_KEY
    ? await call('PUT', `${project}/config`, { body: { name: 'Demo', llmSettings } })
    : await call('GET', `${project}/config`)
  return body.llmSettings !== undefined
}

/** Generates the missing portraits. A failure is reported, and the next one is tried. */
async function drawPortraits(
  wanted: readonly Draft[],
  personas: Map<string, { id: string; imageUrl?: string }>,
): Promise<void> {
  for (const [at, { name }] of wanted.entries()) {
    const persona = personas.get(name)
    if (persona === undefined) continue
    const place = `[${at + 1}/${wanted.length}]`
    if (persona.imageUrl !== undefined) {
      console.log(`${place} ${name} has a portrait: ${project}/images/${persona.imageUrl}`)
      continue
    }
    const started = Date.now()
    const url = `${project}/personas/${persona.id}/generate-image`
    const { imageUrl } = await call('POST', url).then(
      ({ body }) => body,
      (error: Error) => {
        console.log(`${place} no portrait of ${name}: ${error.message}`)
        return {} as Answer['body']
      },
    )
    const seconds = ((Date.now() - started) / 1000).toFixed(1)
    if (imageUrl !== undefined)
      console.log(`${place} drew ${name} in ${seconds} s: ${project}/images/${imageUrl}`)
  }
}

async function demo(): Promise<void> {
  const isStartedHere = await findOrStart()
  const hasKey = await hasProvider()
  const { generate: brief } = options
  if (brief !== undefined && !hasKey) throw new Error(`--generate needs a language model: ${SET_KEY}`)
  const wanted = brief === undefined ? demoPersonas : await draftsOf(brief)
  const personas = await createPersonas(wanted)
  if (hasKey) await drawPortraits(wanted, personas)
  else console.log(`No portraits: ${SET_KEY}`)
  console.log(`All personas: ${project}/personas`)
  if (isStartedHere) console.log('The service runs until Ctrl+C')
}

demo().catch((error: Error) => {
  console.error(`demo: ${error.message}`)
  process.exit(1)
})
