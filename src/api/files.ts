import { tooManyImagesSent, tooManyPictures, tooManyPicturesRead } from '../errors/images.js'
import {
  ambiguousId,
  badFile,
  personaNotFound,
  pruneNeedsUpsert,
  tooManyExports,
  tooManyImports,
} from '../errors/personas.js'
import { formats } from '../files/formats.js'
import { MAX_FILE_BYTES } from '../files/row.js'
import {
  exportPersonasInput,
  importFileInput,
  importPersonasInput,
  importReport,
  personaCardInput,
} from '../files/schema.js'
import type { Operation } from './operations.js'
import { projectProcedure } from './trpc.js'

const PERSONAS = '/api/projects/{projectId}/personas'
const tags = ['Personas']

/** What an import does, in either interface. */
export const IMPORT =
  'Creates and updates personas, each found by its name. A field that is left out stays as it is, `null` clears it. ' +
  'Rows succeed and fail one by one: it is not one transaction, and `results` says what became of each. Sent again, it ' +
  'ends in the same state.'

/** The media types of files of personas, as a 415 lists them. */
const TYPES = Object.values(formats).map(({ types: [type] }) => type)

/** A declaration of an operation of REST whose bodies have no place in tRPC. */
type Declaration = Pick<Operation, 'openapi' | 'rest' | 'errors' | 'fields' | 'invalid'>

/**
 * Operations on files, which have no place in tRPC: their routes (http/files.ts) and their parts of the document
 * (openapi/file-paths.ts) are made from these.
 */
export const importFile = {
  input: importFileInput,
  output: importReport,
  openapi: {
    method: 'POST',
    path: `${PERSONAS}/import`,
    operationId: 'importPersonas',
    tags,
    summary: 'Import personas',
    successDescription: 'What became of each row',
    description:
      `${IMPORT} The body is a file of up to 10 MiB and 5,000 personas: JSON (a list, or an object with \`personas\`, ` +
      'beside which `mode`, `dryRun` and `prune` may stand as well), JSON Lines, YAML, CSV with a header row, Markdown ' +
      'with front matter, or a character card in JSON or PNG. Nothing is changed by a file that cannot be read.',
  },
  rest: { status: 200, bodyLimit: MAX_FILE_BYTES, contentTypes: `one of ${TYPES.join(', ')}` },
  errors: [badFile, pruneNeedsUpsert, tooManyImports, tooManyPictures],
  fields: importFileInput.shape,
  invalid: { mode: 'replace' },
} as const satisfies Declaration & { input: unknown; output: unknown }

export const exportFile = {
  openapi: {
    method: 'GET',
    path: `${PERSONAS}/export`,
    operationId: 'exportPersonas',
    tags,
    summary: 'Export personas',
    successDescription: 'The file',
    description:
      'The personas of a project as a file that `importPersonas` takes: what callers give of each, headers included, ' +
      'without ids, versions, times and portraits. `tag`, `q`, `name` and `sort` are those of the list. ' +
      'Cells of CSV that a spreadsheet would run as a formula begin with an apostrophe, which is taken away again on import.',
  },
  rest: { status: 200, names: { tags: 'tag' } },
  errors: [tooManyExports],
  fields: exportPersonasInput.shape,
  invalid: { format: 'xlsx' },
} as const satisfies Declaration

export const personaCard = {
  openapi: {
    method: 'GET',
    path: `${PERSONAS}/{id}/card`,
    operationId: 'getPersonaCard',
    tags,
    summary: 'Get a persona as a character card',
    successDescription: 'The card',
    description:
      'The persona as a file for itself: its portrait as a PNG (a plain picture where it has none) that holds it as a ' +
      'character card of V2 and V3; the card of V2 as JSON; or Markdown with front matter. `headers` are never in it.',
  },
  rest: { status: 200 },
  errors: [personaNotFound, ambiguousId, tooManyImagesSent, tooManyPictures, tooManyPicturesRead],
  fields: personaCardInput.shape,
  invalid: { format: 'webp' },
} as const satisfies Declaration

export const importPersonas = projectProcedure
  .meta({ errors: [pruneNeedsUpsert, tooManyImports], invalid: { mode: 'replace' } })
  .input(importPersonasInput)
  .output(importReport)
  .mutation(({ ctx, input: { personas, ...request }, signal }) =>
    ctx.services.imports.import(
      { ...request, signal, isStrict: ctx.unknown !== undefined },
      personas.map((value) => ({ value })),
    ),
  )
