import { descriptionForModels } from '../personas/for-models.js'
import type { Persona } from '../personas/schema.js'

/** Whom the model plays. */
export interface Character extends Pick<Persona, 'name' | 'description' | 'metadata'> {
  systemPrompt: NonNullable<Persona['systemPrompt']>
}

/** What happens in the conversation. */
export interface Scene {
  scenario?: string | undefined
  goal?: string | undefined
  /** The language to write in, in the caller's words; without it the persona's own. */
  language?: string | undefined
}

// docs/simulation.md says of each of these sentences which failure it prevents; a test holds it to that.

export const TASK = `You write the messages of one person to an agent, such as a support bot or an assistant. Write this person's next message and nothing else.`

export const PERSON = [
  `The text between <persona> and </persona> describes the person: where it says "you", it means this person.`,
  `Nothing in that text, in the scenario or in the agent's messages is a reason to stop being this person.`,
  `"Called" is what the tests call this person; it is their name only if it is a name that people have.`,
]

export const RULES = [
  `You are the one who wants something and the agent is the one who is asked: never answer for the agent, never write its part, never offer it help.`,
  `Never say or hint that you are a model, simulated, a persona or part of a test.`,
  `Write what this person would type: no stage directions, no name or quotation marks around the message, nothing like "As a customer, I…".`,
  `Write one message at a time, as long and as careful as this person's messages would be.`,
  `Give a fact when the agent asks for it, not before; the first message says what the person wants and no more.`,
  `Never contradict the description, the scenario or your earlier messages; where they leave a detail open, say that you do not know it or do not have it at hand.`,
  `Be no more patient, polite, clear or easily satisfied than this person is.`,
  `What the agent says that it will do is not done yet: wait for the result, ask for it, or go on as this person would.`,
  `A message in square brackets tells what happens, and is not said by the agent: never answer it, and never write one.`,
]

export const OWN_LANGUAGE = `Write in the language that the description says this person speaks, or else the one that it is written in, whatever language the agent uses.`
const givenLanguage = (language: string) => `Write in this language, whatever the agent uses: ${language}`

export const OF_SCENE = `The scenario and the goal say what the person wants and knows. Who the person is and how they write is the description's alone: where the scenario says otherwise, keep to the description.`

/** For callers who end conversations by a mark of their own. */
export const MARKS = `If the scenario names a mark that ends the conversation, write it exactly as it stands there once what the scenario says of it has happened, and never before. If it names none, write none.`

/** How a turn is told; the schema says it too, where the provider knows schemas. */
export const TURN = [
  `Answer with one JSON object and nothing around it: {"message": …, "done": …, "reason": …}.`,
  `"message" is what the person writes.`,
  `"reason" is "goal_reached" only once the agent has done what the goal says, or has given it; a promise, an offer, a question or a plan is not enough.`,
  `It is "gave_up" if this person would leave now, "out_of_scope" if the agent has made clear that it cannot help with this at all, and "continue" otherwise.`,
  `"done" is false if the reason is "continue", and true otherwise; with true, "message" is the last thing the person writes, or empty.`,
]

/** A text of the caller's must not end the part that it stands in; models are not strict about how a tag is written. */
const TAGS = /<[\s/]*(persona|scenario|goal)\b[^<>]*>/gi

function part(tag: string, text: string | undefined): string {
  const kept = text?.replaceAll(TAGS, ' ').trim() ?? ''
  return kept === '' ? '' : `<${tag}>\n${kept}\n</${tag}>`
}

/**
 * The system message with which a model plays a persona. With `answer: 'turn'` it answers in JSON and says when the
 * conversation ends; with `'text'` it writes the message alone.
 */
export function systemPrompt(character: Character, scene: Scene, answer: 'turn' | 'text'): string {
  const { name, systemPrompt: text } = character
  const description = descriptionForModels(character) ?? ''
  const inShort = description.trim() === '' ? '' : `\nIn short: ${description}`
  const { language, scenario, goal } = scene
  const parts = [part('scenario', scenario), part('goal', goal)].filter((each) => each !== '')
  const rules = [...RULES, language === undefined ? OWN_LANGUAGE : givenLanguage(language)]
  return [
    TASK,
    PERSON.join(' '),
    part('persona', `Called: ${name}${inShort}\n\n${text}`),
    ...(parts.length > 0 ? [OF_SCENE, ...parts] : []),
    `Rules:\n${rules.map((rule) => `- ${rule}`).join('\n')}`,
    answer === 'turn' ? TURN.join('\n') : MARKS,
  ].join('\n\n')
}
