import type { Persona } from './schema.js'

/**
 * The note in the metadata of a persona whose description came from a character card's `creator_notes`. These are for
 * people, and must never be prompted with (Character Card V2, `creator_notes`).
 */
export const NOTE_OF_CARD = { descriptionFrom: 'creator_notes' } as const

/** The description of a persona as models may be given it: none where it is a card's notes. */
export function descriptionForModels({ description, metadata }: Pick<Persona, 'description' | 'metadata'>) {
  return metadata?.descriptionFrom === NOTE_OF_CARD.descriptionFrom ? undefined : description
}
