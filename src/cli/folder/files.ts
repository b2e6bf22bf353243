import { type Dirent, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { type FormatName, formats, readFile } from '../../files/formats.js'
import { type Entry, planOf, readEntry } from '../../files/plan.js'
import { MAX_FILE_BYTES, type Row } from '../../files/row.js'
import { changed, originOf } from '../../personas/change.js'
import type { Persona } from '../../personas/schema.js'

/** A persona in a file of a folder. */
export interface FolderRow {
  file: string
  format: FormatName
  row: Row
  /** The row as an import reads it; its name is empty where it has none that will do. */
  entry: Entry
  /** The path of the file and the line where the row begins. */
  place: string
}

/** What is in a folder of files of personas. */
export interface Folder {
  /** Rows of all files, no two of one name. */
  rows: FolderRow[]
  /** What is wrong with files, and rows whose name is taken by another, each with its place. */
  faults: string[]
  /** Subfolders and symbolic links: personas may be in there, but they are not read. */
  unread: string[]
  /** Other files, which hold no personas. */
  others: string[]
  /** The names of all that is in it. */
  names: string[]
}

const formatOf = new Map(
  Object.entries(formats).flatMap(([name, { extensions }]) =>
    // The keys of the formats.
    extensions.map((extension): [string, FormatName] => [extension, name as FormatName]),
  ),
)

/** A README that tells of the folder, and is no persona. */
function isReadme(file: string, bytes: Buffer): boolean {
  return /^readme\./i.test(file) && bytes.toString('latin1', 0, 3) !== '---'
}

async function readRows(path: string, format: FormatName): Promise<Row[]> {
  if (statSync(path).size > MAX_FILE_BYTES)
    throw new Error(`A file holds at most ${MAX_FILE_BYTES / 1024 / 1024} MiB`)
  const bytes = readFileSync(path)
  if (format === 'md' && isReadme(basename(path), bytes)) return []
  return (await readFile(format, bytes)).rows
}

function placeOf(path: string, line: number | undefined): string {
  return line === undefined ? path : `${path}:${line}`
}

function unreadKind(each: Dirent): string | undefined {
  if (each.isSymbolicLink()) return 'a symbolic link, which is not followed'
  if (each.isDirectory()) return 'a subfolder, which is not read'
  return each.isFile() ? undefined : 'no regular file'
}

/**
 * Reads the files of a folder, in the order of their names; hidden ones are none of them. Files that cannot be read are
 * among its faults.
 * @throws Error where the folder itself cannot be read
 */
export async function readFolder(folder: string): Promise<Folder> {
  const found = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))
  const content: Folder = { rows: [], faults: [], unread: [], others: [], names: [] }
  const places = new Map<string, string>()
  for (const each of found) {
    const { name: file } = each
    content.names.push(file)
    if (file.startsWith('.')) continue
    const path = join(folder, file)
    const kind = unreadKind(each)
    const format = formatOf.get(extname(file).slice(1).toLowerCase())
    if (kind !== undefined) content.unread.push(`${kind}, ${path}`)
    else if (format === undefined) content.others.push(`not a file of personas, ${path}`)
    else {
      try {
        for (const row of await readRows(path, format)) {
          const place = placeOf(path, row.line)
          const entry = readEntry(row, { place: 1, names: new Set(), isStrict: false })
          const { name } = entry
          const other = places.get(name)
          if (other === undefined) content.rows.push({ file, format, row, entry, place })
          else content.faults.push(`${name}: the name is taken by ${other}, ${place}`)
          if (name !== '') places.set(name, other ?? place)
        }
      } catch (error) {
        if (!(error instanceof Error)) throw error
        const line = 'line' in error && typeof error.line === 'number' ? error.line : undefined
        content.faults.push(`${error.message}, ${placeOf(path, line)}`)
      }
    }
  }
  return content
}

/** The fields that a row changes of a persona, by the rules of an import. */
export function fieldsChanged({ entry }: FolderRow, current: Persona): string[] {
  const plan = planOf(entry, { current, mode: 'upsert' })
  if (plan?.current === undefined) return []
  return originOf(current, changed(current, plan.change, Date.now())).changed
}
