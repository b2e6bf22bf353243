// Fills a project of a running service with a dozen personas, and draws their portraits where there is a
// provider for it: OPENAI_API_KEY here, or a key already stored for the project. It can be run again.
// usage: npm run demo [-- project-id]     PERSONAS_URL (http://localhost:3000), PERSONAS_API_KEY where keys are set
import { demoPersonas } from './demo-personas.js'

const base = (process.env.PERSONAS_URL ?? 'http://localhost:3000').replace(/\/$/, '')
const projectId = process.argv[2] ?? 'demo'
const project = `${base}/api/projects/${encodeURIComponent(projectId)}`
const headers: Record<string, string> = { 'Content-Type': 'application/json' }
if (process.env.PERSONAS_API_KEY) headers.Authorization = `Bearer ${process.env.PERSONAS_API_KEY}`

interface Answer {
  status: number
  body: { id?: string; name?: string; imageUrl?: string; message?: string; llmSettings?: object }
}

async function call(method: string, url: string, body?: object): Promise<Answer> {
  const response = await fetch(url, { method, headers, ...(body && { body: JSON.stringify(body) }) })
  return { status: response.status, body: (await response.json()) as Answer['body'] }
}

/** The project's personas by name; a name is taken by whoever had it first. */
async function personaIds(): Promise<Map<string, { id: string; imageUrl?: string }>> {
  for (const persona of demoPersonas) {
    const { status, body } = await call('POST', `${project}/personas`, persona)
    if (status !== 201 && status !== 409) throw new Error(`${persona.name}: ${body.message}`)
    console.log(`${status === 201 ? 'created ' : 'is there'} ${persona.name}: ${persona.description}`)
  }
  const list = await fetch(`${project}/personas`, { headers })
  const personas = (await list.json()) as { id: string; name: string; imageUrl?: string }[]
  return new Map(personas.map((persona) => [persona.name, persona]))
}

async function hasProvider(): Promise<boolean> {
  const apiKey = process.env.OPENAI_API_KEY
  const { status, body } = apiKey
    ? await call('PUT', `${project}/config`, { name: 'Demo', llmSettings: { provider: 'openai', apiKey } })
    : await call('GET', `${project}/config`)
  if (status !== 200) throw new Error(body.message)
  return body.llmSettings !== undefined
}

const personas = await personaIds()
if (await hasProvider()) {
  let drawn = 0
  for (const { name } of demoPersonas) {
    const persona = personas.get(name)
    if (persona === undefined) continue
    const place = `[${++drawn}/${demoPersonas.length}]`
    if (persona.imageUrl !== undefined) {
      console.log(`${place} ${name} has a portrait: ${project}/images/${persona.imageUrl}`)
      continue
    }
    const started = Date.now()
    const { status, body } = await call('POST', `${project}/personas/${persona.id}/generate-image`)
    const seconds = ((Date.now() - started) / 1000).toFixed(1)
    if (status === 200)
      console.log(`${place} drew ${name} in ${seconds} s: ${project}/images/${body.imageUrl}`)
    else console.log(`${place} no portrait of ${name} (${status}): ${body.message}`)
  }
} else console.log('No portraits: set OPENAI_API_KEY, or store a key in the project’s llmSettings')
console.log(`All personas: ${project}/personas`)
