import { createHash } from 'node:crypto'
import type { StoreRecords } from '../../store/transfer.js'

export type Kind = keyof StoreRecords

/** Personas last: whoever finds one also finds the portrait it shows. */
export const kinds = ['projects', 'images', 'personas'] as const satisfies readonly Kind[]

type OfEach<T> = { [K in Kind]: (record: StoreRecords[K]) => T }

/** A record as one line of text, the same whichever store it comes from. Bytes are in it by their SHA-256. */
export const lineOf: OfEach<string> = {
  projects({ id, name, createdAt, maxConcurrency, llmSettings }) {
    const { provider, models, apiKey } = llmSettings ?? {}
    const settings = [maxConcurrency, provider, models, apiKey?.ciphertext, apiKey?.mask]
    return JSON.stringify([id, name, createdAt, ...settings])
  },
  images({ projectId, id, role, format, bytes }) {
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    return JSON.stringify([projectId, id, role, format, sha256])
  },
  personas({ projectId, persona }) {
    const { id, name, description, systemPrompt, imageUrl, headers, createdAt, updatedAt } = persona
    const pairs = headers && Object.entries(headers)
    const fields = [id, name, description, systemPrompt, imageUrl, pairs, createdAt, updatedAt]
    return JSON.stringify([projectId, ...fields])
  },
}

/** A record in a message. */
export const nameOf: OfEach<string> = {
  projects: ({ id }) => `project ${id}`,
  images: ({ projectId, id }) => `image ${id} of project ${projectId}`,
  personas: ({ projectId, persona }) => `persona ${persona.id} of project ${projectId}`,
}

/** About how many bytes a record takes. */
export const sizeOf: OfEach<number> = {
  projects: () => 1_000,
  images: ({ bytes }) => bytes.length,
  personas: (record) => lineOf.personas(record).length,
}
