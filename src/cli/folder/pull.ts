import { randomUUID } from 'node:crypto'
import { existsSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Persona } from '../../client/client.js'
import { writeMarkdown } from '../../files/markdown.js'
import { importedPart } from '../../files/persona.js'
import { planOf } from '../../files/plan.js'
import { makeFolder } from '../../folder.js'
import { type FolderRow, fieldsChanged, readFolder } from './files.js'
import { FileNames } from './names.js'
import { mayDelete, type Run } from './terminal.js'

/** Whether a row says all that there is of a persona, and nothing else. */
function saysAllOf({ entry }: FolderRow, persona: Persona): boolean {
  const plan = planOf(entry, { current: undefined, mode: 'upsert' })
  if (plan === undefined || plan.current !== undefined) return false
  const { id: _, ...fields } = plan.fields
  // Both have their fields in the order of answers.
  return JSON.stringify(fields) === JSON.stringify(importedPart(persona))
}

/** Writes a file whole or not at all, and through no symbolic link. */
function write(path: string, text: string): void {
  const draft = join(dirname(path), `.${randomUUID()}.tmp`)
  writeFileSync(draft, text, { flag: 'wx' })
  renameSync(draft, path)
}

/**
 * Writes the personas of a project into a folder, a Markdown file each. A file that says the same already stays as it
 * is, byte for byte. Where a file of the folder cannot be read, none is written: it may be a persona's.
 */
export async function pull(run: Run): Promise<number> {
  const { print, command, client } = run
  const { folder, projectId, prune } = command
  if (!existsSync(folder)) makeFolder(folder)
  const { rows, faults, names } = await readFolder(folder)
  // Which persona's it is, nobody knows.
  for (const { entry, place } of rows) if (entry.name === '') faults.push(`no name that will do, ${place}`)
  for (const text of faults) print(`! ${text}`)
  const personas: Persona[] = []
  if (faults.length === 0) {
    for await (const persona of client.personas.all({ projectId, pageSize: 500 })) personas.push(persona)
  }
  const hasNone = prune && personas.length === 0
  if (hasNone && faults.length === 0)
    print(`! ${projectId}: --prune would delete every file: there is no persona`)
  const left = new Map(rows.map((row) => [row.entry.name, row]))
  for (const { name } of personas) left.delete(name)
  // Files that hold one persona each; the others may hold more.
  const gone = [...left.values()].filter(({ format }) => prune && format === 'md')
  if (
    faults.length > 0 ||
    hasNone ||
    !(await mayDelete(
      run,
      gone.map(({ place }) => place),
    ))
  ) {
    print('Nothing was changed.')
    return 1
  }
  const counts = writeAll(run, personas, { rows, names })
  for (const row of gone) {
    unlinkSync(join(folder, row.file))
    print(`- ${row.file}`)
  }
  for (const { entry, place } of [...left.values()].filter((row) => !gone.includes(row))) {
    print(`? ${entry.name}: not in the project, ${place}`)
  }
  print(`${counts.new} new, ${counts.changed} changed, ${counts.unchanged} unchanged, ${gone.length} deleted`)
  return 0
}

function writeAll(
  { print, command, progress }: Run,
  personas: readonly Persona[],
  { rows, names }: { rows: readonly FolderRow[]; names: readonly string[] },
) {
  const there = new Map(rows.map((row) => [row.entry.name, row]))
  const fileNames = new FileNames(names)
  const counts = { new: 0, changed: 0, unchanged: 0 }
  const step = progress.begin('Pulling personas', personas.length)
  const lines: string[] = []
  for (const persona of personas) {
    step.advance(1)
    const row = there.get(persona.name)
    const isOurs = row === undefined || row.format === 'md'
    if (row !== undefined && (isOurs ? saysAllOf(row, persona) : fieldsChanged(row, persona).length === 0)) {
      counts.unchanged += 1
    } else if (!isOurs) {
      const fields = fieldsChanged(row, persona).join(', ')
      lines.push(`? ${persona.name}: ${fields} differ, and only Markdown is written, ${row.place}`)
    } else {
      const file = row?.file ?? fileNames.add(persona.name)
      write(join(command.folder, file), writeMarkdown(importedPart(persona)))
      counts[row === undefined ? 'new' : 'changed'] += 1
      lines.push(`${row === undefined ? '+' : '~'} ${file}`)
    }
  }
  step.end()
  for (const line of lines) print(line)
  return counts
}
