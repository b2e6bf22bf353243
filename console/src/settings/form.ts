import type { PersonasIssue, ProjectConfig } from '../service.js'

/** What a project chooses a model for. */
export const MODELS = {
  persona: { label: 'Model that speaks', hint: 'Plays the personas, and writes drafts' },
  image: { label: 'Model that draws', hint: 'Draws the portraits' },
  evaluation: { label: 'Model that evaluates', hint: 'Kept for clients of the original API' },
} as const
export type ModelUse = keyof typeof MODELS
// The keys of an object that nobody adds any to.
export const modelUses = Object.keys(MODELS) as ModelUse[]

/** Settings as they are edited; the key is empty unless it is to be another one. */
export interface SettingsForm extends Record<ModelUse, string> {
  name: string
  provider: string
  apiKey: string
  maxConcurrency: string
}

export function formOf({ name, maxConcurrency, llmSettings }: ProjectConfig): SettingsForm {
  const { provider = '', models = {} } = llmSettings ?? {}
  const { persona = '', image = '', evaluation = '' } = models
  return {
    name,
    provider,
    apiKey: '',
    maxConcurrency: String(maxConcurrency ?? ''),
    persona,
    image,
    evaluation,
  }
}

/** The form as input of the service. Without a provider there are no settings of one. */
export function inputOf(form: SettingsForm) {
  const { name, provider, apiKey, maxConcurrency } = form
  const models = Object.fromEntries(modelUses.map((use) => [use, form[use] === '' ? null : form[use]]))
  return {
    name,
    maxConcurrency: maxConcurrency === '' ? null : Number(maxConcurrency),
    llmSettings: provider === '' ? null : { provider, models, ...(apiKey !== '' && { apiKey }) },
  }
}

export function isSame(one: SettingsForm, other: SettingsForm): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

/** What keeps the form from being sent: a number that is none would arrive as nothing. */
export function faults({ maxConcurrency }: SettingsForm): PersonasIssue[] {
  const isNumber = maxConcurrency === '' || Number.isFinite(Number(maxConcurrency))
  return isNumber ? [] : [{ path: 'maxConcurrency', message: 'maxConcurrency must be a whole number from 1' }]
}
