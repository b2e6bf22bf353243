import type { oas31 } from 'zod-openapi'
import { type Persona, persona } from '../personas/schema.js'

// Set beside the schema.
const example = persona.meta()?.example as Persona
const imageId = 'a1b2c3d4-e5f6-4890-abcd-ef1234567890.png'
const updatedAt = '2026-01-28T10:05:00.000Z'

/** Examples of answers that differ from the one beside their schema, by operation. */
export const answers: Record<string, unknown> = {
  updatePersona: {
    ...example,
    systemPrompt: 'You are a technical user who expects detailed, accurate responses.',
    updatedAt,
  },
  generatePersonaImage: { ...example, imageUrl: imageId, updatedAt },
}

/** More examples of what is sent, by operation. */
export const inputs: Record<string, Record<string, oas31.ExampleObject>> = {
  updatePersona: {
    'show-an-image': { summary: 'Show a stored image as the portrait', value: { imageUrl: imageId } },
    'clear-fields': { summary: 'Clear fields', value: { description: null, headers: null } },
  },
  updateProjectConfig: {
    'choose-the-image-model': {
      summary: 'Choose the image model, and keep the stored key',
      value: { llmSettings: { provider: 'openai', models: { image: 'gpt-image-2.6-flare' } } },
    },
    'remove-the-settings': { summary: 'Remove the settings', value: { llmSettings: null } },
  },
}
