import { createHash } from 'node:crypto'
import { MAX_NAME } from '../text.js'
import { writeYaml } from './yaml.js'

type Fields = Record<string, unknown>

/** Most characters of a text that a name is made of. */
const MAX_IN_NAME = 80
/** And of how many it is looked for: the rest of the text may be long. */
const MAX_READ = 10_000
// A space, the brackets and the mark.
const MARK_LENGTH = 11

/** A name that the same row comes to again: the beginning of a text, and a mark by which others differ. */
function nameFrom(text: string, mark: string): string {
  const plain = text
    .slice(0, MAX_READ)
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .trim()
  const characters = [...plain]
  const cut = characters.slice(0, Math.min(MAX_IN_NAME, MAX_NAME - MARK_LENGTH)).join('')
  const whole = characters.length > MAX_IN_NAME ? `${cut.replace(/\s\S*$/, '')} …` : plain
  return `${whole} (${mark})`.trim()
}

function markOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8)
}

/** `{ "persona": "…" }` a row. */
function personaHub({ persona }: Fields): Fields {
  const text = String(persona)
  return { name: nameFrom(text, markOf(text)), systemPrompt: text, metadata: { source: 'PersonaHub' } }
}

/** The fields of Nemotron-Personas that tell of the person at length, in the order of the data set. */
const ABOUT = /(?:_persona|^persona|_background|_expertise|_interests|_ambitions|_goals)$/

function asText(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** `uuid` and `persona` beside about twenty fields that tell of the person; other countries have other ones. */
function nemotron({ uuid, ...fields }: Fields): Fields {
  const given = Object.entries(fields).filter(
    ([name, value]) => value !== null && value !== '' && !name.endsWith('_list'),
  )
  const texts = given.filter(([name]) => ABOUT.test(name)).map(([, value]) => asText(value))
  const facts = given
    .filter(([name]) => !ABOUT.test(name))
    .map(([name, value]) => `${name.replaceAll('_', ' ')}: ${asText(value).replaceAll('_', ' ')}`)
  const { persona } = fields
  return {
    name: nameFrom(String(persona), String(uuid).slice(0, 8)),
    systemPrompt: [...texts, ...(facts.length > 0 ? [facts.join('\n')] : [])].join('\n\n'),
    metadata: { source: 'Nemotron-Personas', uuid: String(uuid) },
  }
}

/** `{ "type": "TinyPerson", "persona": { "name", … } }`: the whole description, as YAML. */
function tinyPerson(persona: Fields): Fields {
  const { name } = persona
  return {
    name: typeof name === 'string' ? nameFrom(name, markOf(JSON.stringify(persona))) : name,
    systemPrompt: writeYaml(persona),
    metadata: { source: 'TinyTroupe' },
  }
}

/** The persona that a row of a known data set stands for, told by its fields; undefined for any other. */
export function fromDataSet(row: Fields): Fields | undefined {
  const { type, persona, uuid } = row
  if (type === 'TinyPerson' && typeof persona === 'object' && persona !== null && !Array.isArray(persona)) {
    return tinyPerson({ ...persona })
  }
  if (typeof persona !== 'string' || persona.trim() === '' || 'name' in row || 'systemPrompt' in row)
    return undefined
  return typeof uuid === 'string' ? nemotron(row) : personaHub(row)
}
