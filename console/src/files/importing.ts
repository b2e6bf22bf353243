import { signal } from '@preact/signals'
import type { ImportReport } from '../../../src/client/types.js'
import { authorization, refusalOf, watched } from '../service.js'

/** Media types by the ends of file names, where browsers know none or another. */
const TYPES: Record<string, string> = {
  json: 'application/json',
  jsonl: 'application/x-ndjson',
  ndjson: 'application/x-ndjson',
  yaml: 'application/yaml',
  yml: 'application/yaml',
  csv: 'text/csv',
  tsv: 'text/tab-separated-values',
  md: 'text/markdown',
  markdown: 'text/markdown',
  png: 'image/png',
}

/** What a file chooser offers. */
export const ACCEPTED = Object.keys(TYPES)
  .map((end) => `.${end}`)
  .join(',')

/** The file that was dropped last, wherever on the page: the view of files shows what it would do. */
export const droppedFile = signal<File | undefined>(undefined)

/**
 * Sends a file of personas; a dry run changes nothing.
 * @throws Refused where the service refuses all of it; whatever `fetch` throws
 */
export async function sendFile(projectId: string, file: File, dryRun: boolean): Promise<ImportReport> {
  const end = file.name.split('.').pop()?.toLowerCase() ?? ''
  const type = TYPES[end] ?? (file.type || 'application/json')
  const path = `/api/projects/${encodeURIComponent(projectId)}/personas/import?dryRun=${dryRun}`
  // As bytes: a file that changes on the disk while it is sent would fail without a word.
  const body = await file.arrayBuffer()
  const response = await watched(path, {
    method: 'POST',
    headers: { ...authorization(), 'content-type': type },
    body,
  })
  if (!response.ok) throw await refusalOf(response)
  // The service's own report.
  return (await response.json()) as ImportReport
}
