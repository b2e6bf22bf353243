import { authorization, refusalOf, watched } from '../service.js'

/** The formats of files of many personas, by what the service calls them. */
export const FORMATS = { json: 'JSON', jsonl: 'JSON Lines', yaml: 'YAML', csv: 'CSV' } as const
export type Format = keyof typeof FORMATS
// The keys of an object that nobody adds any to.
export const formats = Object.keys(FORMATS) as Format[]

/** Requests at once: as many as a browser sends to one host. */
const AT_ONCE = 6

/** What a search leaves, as the service writes it to a file. @throws Refused; whatever `fetch` throws */
async function exported(projectId: string, format: Format, filters: Record<string, string>): Promise<string> {
  const query = new URLSearchParams({ format, ...filters })
  const path = `/api/projects/${encodeURIComponent(projectId)}/personas/export?${query}`
  const response = await watched(path, { headers: authorization() })
  if (!response.ok) throw await refusalOf(response)
  return response.text()
}

/** All personas of a project as a file. @throws Refused; whatever `fetch` throws */
export function exportAll(projectId: string, format: Format): Promise<string> {
  return exported(projectId, format, {})
}

/** Files of one persona each as one file of all. */
const JOIN: Record<Format, (files: string[]) => string> = {
  json: (files) => `[\n${files.map((file) => file.trim().slice(1, -1).trim()).join(',\n')}\n]\n`,
  jsonl: (files) => files.join(''),
  yaml: (files) => files.join(''),
  // The first line has the columns, which are the same in each.
  csv: (files) => files.map((file, at) => (at === 0 ? file : file.slice(file.indexOf('\n') + 1))).join(''),
}

/** Whether a file has no persona: an empty list, or the line of columns alone. */
function isEmpty(file: string, format: Format): boolean {
  const text = file.trim()
  return text === '' || /^\[\s*\]$/.test(text) || (format === 'csv' && !text.includes('\n'))
}

/** Some personas as one file. */
export interface NamedExport {
  text: string
  /** Those that are not there any more under these names. */
  missing: string[]
}

/** The personas of these names as one file: each is written by the service. @throws as `exportAll` */
export async function exportNamed(
  projectId: string,
  format: Format,
  names: readonly string[],
): Promise<NamedExport> {
  const files: string[] = []
  const missing: string[] = []
  for (let from = 0; from < names.length; from += AT_ONCE) {
    const some = names.slice(from, from + AT_ONCE)
    const written = await Promise.all(some.map((name) => exported(projectId, format, { name })))
    for (const [at, file] of written.entries()) {
      if (isEmpty(file, format)) missing.push(some[at] ?? '')
      else files.push(file)
    }
  }
  return { text: JOIN[format](files), missing }
}

/** Offers a text as a file to keep. */
export function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/octet-stream' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  window.setTimeout(() => URL.revokeObjectURL(url), 10_000)
}
