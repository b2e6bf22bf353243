import type { oas31 } from 'zod-openapi'
import type { PersonaChange } from '../personas/change.js'
import { persona, updatePersonaInput } from '../personas/schema.js'

// Examples that the schemas do not have.
const example = persona.meta()?.example as object
const change = updatePersonaInput.meta()?.example as object
const shown: PersonaChange = { imageUrl: 'a1b2c3d4-e5f6-4890-abcd-ef1234567890.png' }
const cleared: PersonaChange = { description: null, headers: null }
const next = { version: 2, updatedAt: '2026-01-28T10:05:00.000Z' }

/** Examples of answers that differ from the one beside their schema, by operation. */
export const answers: Record<string, unknown> = {
  updatePersona: { ...example, ...change, ...next },
  revertPersona: { ...example, version: 3, updatedAt: '2026-01-28T10:10:00.000Z' },
  generatePersonaImage: { ...example, ...shown, ...next },
}

/** More examples of what is sent, by operation. */
export const inputs: Record<string, Record<string, oas31.ExampleObject>> = {
  updatePersona: {
    'show-an-image': { summary: 'Show a stored image as the portrait', value: shown },
    'clear-fields': { summary: 'Clear fields', value: cleared },
  },
  updateProjectConfig: {
    'choose-the-image-model': {
      summary: 'Choose the image model, and keep the stored key',
      value: { llmSettings: { provider: 'openai', models: { image: 'gpt-image-2.6-flare' } } },
    },
    'remove-the-settings': { summary: 'Remove the settings', value: { llmSettings: null } },
  },
}
