import type { Store } from '../../store/store.js'
import { type Counts, copyRest, countCopied } from './copy.js'
import { copyKeyFile, keyAdvice } from './key-file.js'
import { type Location, locate, open, openExisting } from './location.js'
import { type Progress, progressOn } from './progress.js'
import { kinds } from './records.js'
import { verify } from './verify.js'

interface Migration {
  from: string
  to: string
}

interface Terminal {
  progress: Progress
  print(line: string): void
  signal: AbortSignal
}

/**
 * Copies everything from one store into another, which is empty or has the beginning of the same copy, and
 * reads both again to see that they hold the same.
 *
 * @throws Error with one line for the operator when anything is not as it should be.
 */
export async function migrate({ from, to }: Migration, terminal: Terminal): Promise<void> {
  const ends = { from: named('--from', () => locate(from)), to: named('--to', () => locate(to)) }
  if (ends.from.dataDir !== undefined && ends.from.dataDir === ends.to.dataDir) throw sameStore()
  const source = await opened('--from', () => openExisting(ends.from))
  try {
    const target = await opened('--to', () => open(ends.to))
    try {
      if (source.description === target.description) throw sameStore()
      await move({ source, target, ...ends }, terminal)
    } finally {
      await target.close()
    }
  } finally {
    await source.close()
  }
}

/** Runs a migration with bars and lines for the operator; SIGINT and SIGTERM stop it between two records. */
export async function migrateInTerminal(migration: Migration): Promise<void> {
  const interruption = new AbortController()
  const stop = () => interruption.abort(new Error('Interrupted; the same command goes on from here'))
  // Only the first: a second one ends the process, as ever.
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  await migrate(migration, {
    progress: progressOn(process.stderr),
    print: (line) => console.log(line),
    signal: interruption.signal,
  })
}

interface Move {
  source: Store
  target: Store
  from: Location
  to: Location
}

async function move({ source, target, ...ends }: Move, { progress, print, signal }: Terminal): Promise<void> {
  print(`From ${source.description} to ${target.description}`)
  const copying = { source: source.transfer, target: target.transfer, progress, signal }
  const copied = await countCopied(copying)
  if (!isEmpty(copied)) print(`Already there: ${kinds.map((kind) => `${copied[kind]} ${kind}`).join(', ')}`)
  const sealed = (await source.listSealedKeys()).length
  if (sealed > 0) copyKeyFile(ends)
  // A mistyped name is more likely than a move of nothing.
  if (isEmpty(await copyRest(copying, copied))) throw new Error('--from: the store holds nothing')
  const found = await verify(copying)
  for (const kind of kinds) print(`${kind}: ${found[kind].count}, SHA-256 ${found[kind].sha256}`)
  print('Verified: both stores hold the same.')
  if (sealed > 0) print(keyAdvice(sealed, ends))
}

function isEmpty(counts: Counts): boolean {
  return kinds.every((kind) => counts[kind] === 0)
}

function sameStore(): Error {
  return new Error('--from and --to are the same store')
}

function prefixed(option: string, error: unknown): unknown {
  return error instanceof Error ? new Error(`${option}: ${error.message}`, { cause: error }) : error
}

function named<T>(option: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw prefixed(option, error)
  }
}

async function opened(option: string, opening: () => Promise<Store>): Promise<Store> {
  try {
    return await opening()
  } catch (error) {
    throw prefixed(option, error)
  }
}
