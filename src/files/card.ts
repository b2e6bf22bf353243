import type { Issue } from '../errors/error.js'
import { MAX_ISSUES } from '../errors/public.js'
import { excerpt } from '../excerpt.js'
import { MAX_DESCRIPTION, MAX_PROMPT } from '../personas/fields.js'
import { NOTE_OF_CARD } from '../personas/for-models.js'
import { givenTags, withoutCase } from '../personas/tags.js'
import { MAX_NAME } from '../text.js'
import { parseJson } from './json.js'
import type { ImportedPersona } from './persona.js'
import { textsOf, withTexts } from './png.js'
import { FileFault, type Row, textOf } from './row.js'

type Fields = Record<string, unknown>

/** What a row says of a persona, once its form is known. */
export interface Reading {
  /** The fields of the persona, as they are given. */
  fields: unknown
  /** What found no place. */
  warnings: Issue[]
  /** Metadata to add to what the persona has, whatever the fields say. */
  note?: Record<string, string>
  /** Whether the picture that it came in is a portrait; it is, unless this says no. */
  hasPortrait?: boolean
}

/** Ours among a card's `extensions`: what has no place of its own in a card. */
const OURS = 'personas-api'
/** What a card calls the counterpart of its character: in tests, that is the agent. */
const COUNTERPART = 'the assistant'

/** Fields of cards (V1, V2, V3) that are read here, or say nothing of the character. */
const READ = new Set([
  'name',
  'description',
  'personality',
  'scenario',
  'creator_notes',
  'tags',
  'extensions',
])

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true
  return typeof value === 'object' && Object.keys(value).length === 0
}

/** The fields of a card, which stand in `data` but in V1; undefined for what is no card. */
function cardData(value: Fields): Fields | undefined {
  if (typeof value.spec === 'string' && /^chara_card_v\d/.test(value.spec)) {
    return isObject(value.data) ? value.data : {}
  }
  const isFirst = typeof value.first_mes === 'string' && typeof value.name === 'string'
  return isFirst && !('systemPrompt' in value) ? value : undefined
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_NAME
}

/** What stands for the character and for its counterpart (V1, "Fields"; V3, "nickname"), in upper or lower case. */
const CHARACTER = /\{\{char\}\}|<bot>|<char>/gi
const USER = /\{\{user\}\}|<user>/gi

/**
 * A text with the names in the place of the macros that cards know. Where it or its
 * names are longer than those of any persona, it stays as it is: it is refused.
 */
function filledIn(text: string, { name, nickname }: Fields): string {
  const called = isName(nickname) ? nickname : name
  if (!isName(called) || text.length > 2 * MAX_PROMPT) return text
  return text.replaceAll(CHARACTER, () => called).replaceAll(USER, COUNTERPART)
}

/** The system prompt that the texts of a card make; a value that is no text is left to the schema to refuse. */
function promptOf(data: Fields): unknown {
  const parts = (['description', 'personality', 'scenario'] as const).filter((name) => !isEmpty(data[name]))
  const wrong = parts.find((name) => typeof data[name] !== 'string')
  if (wrong !== undefined) return data[wrong]
  const labels = { description: '', personality: 'Personality: ', scenario: 'Scenario: ' }
  return parts.length === 0 ? undefined : parts.map((name) => labels[name] + data[name]).join('\n\n')
}

/** Those of a card's tags that a persona can have, and whether there are others. */
function fittingTags(tags: unknown): { tags: unknown; areCut: boolean } {
  if (!Array.isArray(tags)) return { tags: isEmpty(tags) ? undefined : tags, areCut: false }
  const fitting = new Map<string, string>()
  for (const tag of tags) {
    if (fitting.size === 20) break
    const key = typeof tag === 'string' ? withoutCase(tag.trim()) : ''
    if (!fitting.has(key) && givenTags.safeParse([tag]).success) fitting.set(key, tag)
  }
  return { tags: [...fitting.values()], areCut: fitting.size < tags.length }
}

function warn(path: string, fault: string): Issue {
  return { path, message: `${path} ${fault}` }
}

/** A card of others: what their models are given of the character is the system prompt. */
function readForeign(data: Fields, isBare: boolean): Reading {
  const { name, creator_notes: notes } = data
  const warnings: Issue[] = Object.keys(data)
    .filter((field) => (!READ.has(field) || field === 'extensions') && !isEmpty(data[field]))
    // Editors keep notes of their own beside the fields of a bare card.
    .filter((field) => !isBare || field === 'first_mes' || field === 'mes_example')
    .slice(0, MAX_ISSUES)
    .map((field) => warn(excerpt(field), 'has no place in a persona and is left out'))
  const prompt = promptOf(data)
  const filled = typeof prompt === 'string' ? filledIn(prompt, data) : prompt
  if (filled !== prompt)
    warnings.push(warn('systemPrompt', 'has names in the place of {{char}} and {{user}}'))
  // A character has two units at most.
  const characters = typeof notes === 'string' ? [...notes.slice(0, 2 * MAX_DESCRIPTION + 2)] : []
  if (characters.length > MAX_DESCRIPTION) warnings.push(warn('creator_notes', 'is cut to 2,000 characters'))
  const description = typeof notes === 'string' ? characters.slice(0, MAX_DESCRIPTION).join('') : notes
  const { tags, areCut } = fittingTags(data.tags)
  if (areCut) warnings.push(warn('tags', 'that a persona cannot have are left out'))
  const fields: Fields = { name }
  if (filled !== undefined) fields.systemPrompt = filled
  if (!isEmpty(description)) fields.description = description
  if (!isEmpty(tags)) fields.tags = tags
  return { fields, warnings, ...(!isEmpty(description) && { note: NOTE_OF_CARD }) }
}

/** A card of this service: what is in no field of a card stands among its extensions. */
function readOwn(data: Fields, { hasPortrait, ...rest }: Fields): Reading {
  const { name, description, creator_notes: notes, tags } = data
  const given = Object.entries({ systemPrompt: description, description: notes, tags })
  const fields = { name, ...rest, ...Object.fromEntries(given.filter(([, value]) => !isEmpty(value))) }
  return { fields, warnings: [], ...(hasPortrait === false && { hasPortrait }) }
}

/** What a character card (V1, V2 or V3) says of a persona; undefined for what is none. */
export function readCard(value: Fields): Reading | undefined {
  const data = cardData(value)
  if (data === undefined) return undefined
  const ours = isObject(data.extensions) ? data.extensions[OURS] : undefined
  return isObject(ours) ? readOwn(data, ours) : readForeign(data, data === value)
}

/** The row of a PNG card: `ccv3` before `chara`, as V3 asks for. @throws FileFault for a picture without a card */
export function readCardPng(png: Buffer): Row[] {
  const texts = textsOf(png)
  const base64 = texts.get('ccv3') ?? texts.get('chara')
  if (base64 === undefined) {
    throw new FileFault('The picture holds no character card: no tEXt chunk is called ccv3 or chara')
  }
  try {
    return [{ value: parseJson(textOf(Buffer.from(base64.toString('latin1'), 'base64'))), picture: png }]
  } catch (error) {
    throw error instanceof FileFault ? new FileFault(`The card in the picture: ${error.message}`) : error
  }
}

/** A persona as a card of Character Card V2, or V3. Headers may hold keys, and are left out. */
export function cardOf(persona: ImportedPersona, { version = 2, hasPortrait = true } = {}): object {
  const { name, description, systemPrompt, tags = [], headers: _, ...rest } = persona
  // An empty text is not the same as none, as it is in a card.
  const empty = Object.entries({ description, systemPrompt }).filter(([, text]) => text === '')
  return {
    spec: `chara_card_v${version}`,
    spec_version: `${version}.0`,
    data: {
      name,
      description: systemPrompt ?? '',
      personality: '',
      scenario: '',
      first_mes: '',
      mes_example: '',
      creator_notes: description ?? '',
      system_prompt: '',
      post_history_instructions: '',
      alternate_greetings: [],
      tags,
      creator: '',
      character_version: '',
      ...(version === 3 && { group_only_greetings: [] }),
      extensions: { [OURS]: { ...rest, ...Object.fromEntries(empty), ...(!hasPortrait && { hasPortrait }) } },
    },
  }
}

function inBase64(card: object): string {
  return Buffer.from(JSON.stringify(card)).toString('base64')
}

/** A PNG that holds a persona as a card of V2 and V3. */
export function cardPng(png: Buffer, persona: ImportedPersona, hasPortrait: boolean): Buffer {
  return withTexts(png, {
    chara: inBase64(cardOf(persona, { hasPortrait })),
    ccv3: inBase64(cardOf(persona, { version: 3, hasPortrait })),
  })
}
