import type { ImportReport, ImportResult } from '../../client/client.js'
import { connectionError, type PersonasIssue } from '../../client/errors.js'
import { batches } from '../batches.js'
import type { FolderRow } from './files.js'
import type { Run } from './terminal.js'

/** Rows that are sent together, and their characters of JSON: few enough to see how far it is. */
const STEP = 500
const STEP_LENGTH = 1024 * 1024

/** Rows in the steps in which they are sent; one with a picture goes alone. */
export function stepsOf(rows: readonly FolderRow[]): AsyncGenerator<FolderRow[]> {
  const size = ({ row: { picture, value } }: FolderRow) =>
    picture === undefined ? JSON.stringify(value).length : STEP_LENGTH
  return batches(rows, { items: STEP, total: STEP_LENGTH, size })
}

/** Imports rows of a step; a result for each. */
export async function send(run: Run, rows: readonly FolderRow[]): Promise<ImportResult[]> {
  const { client, command } = run
  const { projectId, dryRun } = command
  const [first] = rows
  if (first?.row.picture !== undefined) return sendPicture(run, first.row.picture)
  // Whatever the rows are: the service says of each what is wrong with it.
  const personas = rows.map(({ row }) => row.value as object)
  return (await client.personas.import.mutate({ projectId, dryRun, personas })).results
}

/**
 * Imports a PNG card with its picture, which has no place in tRPC and so none in the client. What the service answers
 * otherwise is why it fails.
 * @throws PersonasConnectionError where it does not answer
 */
async function sendPicture({ command, apiKey }: Run, picture: Buffer): Promise<ImportResult[]> {
  const { url, projectId, dryRun } = command
  const path = `/api/projects/${encodeURIComponent(projectId)}/personas/import?dryRun=${dryRun}`
  const key = apiKey !== undefined && { authorization: `Bearer ${apiKey}` }
  try {
    const response = await fetch(url.replace(/\/+$/, '') + path, {
      method: 'POST',
      headers: { 'content-type': 'image/png', ...key },
      body: new Uint8Array(picture),
    })
    const answer: unknown = await response.json()
    // The report of the route, or an error of the service.
    if (response.ok) return (answer as ImportReport).results
    const { message, issues = [{ path: '', message }] } = answer as {
      message: string
      issues?: PersonasIssue[]
    }
    return [{ action: 'failed', issues: issues.map((issue) => ({ ...issue, severity: 'error' })) }]
  } catch (cause) {
    const message = `The Personas API at ${url} cannot be reached: ${cause}`
    throw connectionError(message, { reason: 'unreachable', url, cause })
  }
}
