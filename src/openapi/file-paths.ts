import { z } from 'zod'
import type { oas31, ZodOpenApiContentObject, ZodOpenApiPathsObject } from 'zod-openapi'
import { exportFile, importFile, personaCard } from '../api/files.js'
import { uploadImageFile } from '../api/images.js'
import { cardOf } from '../files/card.js'
import { CSV_HEADER, csvRow } from '../files/csv.js'
import { formats } from '../files/formats.js'
import { writeMarkdown } from '../files/markdown.js'
import type { ImportedPersona } from '../files/persona.js'
import { importPersonasInput, importReport } from '../files/schema.js'
import { writeYaml } from '../files/yaml.js'
import { uploadedImage } from '../images/schema.js'
import { declaredPath, jsonOf } from './declared-path.js'
import { header } from './headers.js'

/** Bytes as they are: OpenAPI 3.1 gives them no schema, but generators know them by this one. */
export const bytes: oas31.MediaTypeObject = { schema: { type: 'string', format: 'binary' } }

function text(content: string): oas31.MediaTypeObject {
  return { schema: { type: 'string' }, example: content }
}

function anyJson(content: unknown): ZodOpenApiContentObject {
  return { 'application/json': { schema: z.unknown(), example: content } }
}

const example: ImportedPersona = {
  name: 'impatient-user',
  systemPrompt: 'You are an impatient user.\nYou value brevity.\n',
  tags: ['billing', 'angry'],
}

/** An example of a body in JSON is the file's own content. */
const importBody = importPersonasInput.omit({ projectId: true }).meta({
  ...importPersonasInput.meta(),
  id: 'ImportPersonasInput',
})

/** The operations that take or send files. */
export function filePaths(): ZodOpenApiPathsObject {
  const pictures = ['application/octet-stream', 'image/png', 'image/jpeg', 'image/webp']
  const disposition = { 'Content-Disposition': header('Content-Disposition') }
  const card = { [formats.md.types[0]]: text(writeMarkdown(example)) }
  const lists = {
    [formats.jsonl.types[0]]: text(`${JSON.stringify(example)}\n`),
    [formats.yaml.types[0]]: text(writeYaml([example])),
    [formats.csv.types[0]]: text(CSV_HEADER + csvRow(example)),
  }
  return {
    ...declaredPath(uploadImageFile, {
      request: Object.fromEntries(pictures.map((type) => [type, bytes])),
      success: jsonOf(uploadedImage),
    }),
    ...declaredPath(importFile, {
      request: {
        ...jsonOf(importBody),
        ...lists,
        ...card,
        'image/png': bytes,
      },
      success: jsonOf(importReport),
    }),
    ...declaredPath(exportFile, {
      success: { ...anyJson([example]), ...lists },
      headers: disposition,
    }),
    ...declaredPath(personaCard, {
      success: { 'image/png': bytes, ...anyJson(cardOf(example)), ...card },
      headers: disposition,
    }),
  }
}
