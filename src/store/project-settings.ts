import { MODEL_USES, type Models, type SettingName, settingNames } from '../projects/schema.js'
import type { KeyFault, LlmSettingsChange, SealedKey, StoredLlmSettings, StoredProject } from './store.js'

type Settings = { [Name in SettingName]?: unknown }

/** A project with its settings of one value each, in the order of answers, as a change of them leaves it. */
export function projectOf(id: string, settings: Settings, change: Settings = {}): StoredProject {
  const project: Record<string, unknown> = { id }
  for (const name of settingNames) {
    const value = change[name] === undefined ? settings[name] : change[name]
    if (value !== undefined && value !== null) project[name] = value
  }
  // What stores hold, and what they are given, was checked on the way in.
  return project as StoredProject
}

/**
 * The key that a change of settings leaves: a new one where one is given (the mask of the stored key is none),
 * otherwise the stored one, if it is a key of the same provider.
 */
export function keyAfter(
  stored: StoredLlmSettings | undefined,
  { provider, apiKey }: LlmSettingsChange,
): SealedKey | KeyFault {
  if (apiKey !== undefined && apiKey.keepIfMask !== stored?.apiKey.mask) {
    return { ciphertext: apiKey.ciphertext, mask: apiKey.mask }
  }
  if (stored === undefined) return 'no-key'
  return stored.provider === provider ? stored.apiKey : { keyBelongsTo: stored.provider }
}

/** Whether it is a reason not to change settings. */
export function isKeyFault(outcome: object | KeyFault): outcome is KeyFault {
  return outcome === 'no-key' || (typeof outcome === 'object' && 'keyBelongsTo' in outcome)
}

/** Models as callers of the store see them; undefined where none is chosen. */
export function modelsOf(kept: LlmSettingsChange['models']): Models | undefined {
  const models: Models = {}
  for (const use of MODEL_USES) {
    const model = kept?.[use]
    if (typeof model === 'string') models[use] = model
  }
  return Object.keys(models).length === 0 ? undefined : models
}
