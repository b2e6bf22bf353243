import { createHash } from 'node:crypto'
import type { PersonaRecord, StoreRecords } from '../../store/transfer.js'

export type Kind = keyof StoreRecords

/** Personas after images, so that a persona that is found has its portrait; versions after their personas. */
export const kinds = ['projects', 'images', 'personas', 'versions'] as const satisfies readonly Kind[]

type OfEach<T> = { [K in Kind]: (record: StoreRecords[K]) => T }

/** All that a record holds, whatever the order of its fields; that of a map's keys and of a list counts. */
function line(record: object): string {
  return JSON.stringify(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function personaLine({ projectId, persona, origin }: PersonaRecord): string {
  return line({ projectId, ...persona, ...origin })
}

function personaName({ projectId, persona }: PersonaRecord): string {
  return `persona ${persona.id} of project ${projectId}`
}

/** A record as one line of text, the same whichever store it comes from. Bytes are in it by their SHA-256. */
export const lineOf: OfEach<string> = {
  projects: ({ llmSettings, ...project }) => line({ ...project, ...llmSettings }),
  images: ({ bytes, ...image }) =>
    line({ ...image, sha256: createHash('sha256').update(bytes).digest('hex') }),
  versions: personaLine,
  personas: personaLine,
}

/** A record in a message. */
export const nameOf: OfEach<string> = {
  projects: ({ id }) => `project ${id}`,
  images: ({ projectId, id }) => `image ${id} of project ${projectId}`,
  versions: (record) => `version ${record.persona.version} of ${personaName(record)}`,
  personas: personaName,
}

/** About how many bytes a record takes. */
export const sizeOf: OfEach<number> = {
  projects: () => 1_000,
  images: ({ bytes }) => bytes.length,
  versions: (record) => personaLine(record).length,
  personas: (record) => personaLine(record).length,
}
