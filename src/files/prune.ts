import { databaseUnavailable } from '../errors/store.js'
import type { Persona } from '../personas/schema.js'
import type { Store } from '../store/store.js'
import { someAtOnce } from './at-once.js'
import { firstPage } from './pages.js'
import type { ImportFileInput, ImportResult } from './schema.js'

/**
 * Deletes the personas of a project whose names are not among those of a file, as each was when it was read: one that
 * others changed since, or named as one of the file, stays and is among the results as failed.
 */
export async function prune(
  store: Store,
  { projectId, dryRun, signal }: ImportFileInput & { signal?: AbortSignal | undefined },
  names: ReadonlySet<string>,
): Promise<ImportResult[]> {
  /** What became of a persona; nothing where it was gone, unless a try before may have deleted it. */
  async function remove({ id, name, updatedAt }: Persona, isRepeated = false): Promise<ImportResult[]> {
    const outcome = dryRun === true ? 'deleted' : await store.deletePersona(projectId, id, [updatedAt])
    if (outcome === 'stale') return [staysAs({ id, name })]
    return outcome === 'deleted' || isRepeated ? [{ name, action: 'deleted', id }] : []
  }

  const results: ImportResult[] = []
  for (let page = await firstPage(store, projectId); ; page = await page.next()) {
    signal?.throwIfAborted()
    const others = page.personas.filter(({ name }) => !names.has(name))
    try {
      results.push(...(await someAtOnce(others, (each) => remove(each))).flat())
    } catch (error) {
      if (!databaseUnavailable.is(error)) throw error
      // A slow database has the time of a call for each alone.
      for (const each of others) {
        signal?.throwIfAborted()
        results.push(...(await remove(each, true)))
      }
    }
    if (page.next === undefined) return results
  }
}

function staysAs({ id, name }: Pick<Persona, 'id' | 'name'>): ImportResult {
  const message = `Persona "${name}" was changed meanwhile, and is not deleted`
  return { name, action: 'failed', id, issues: [{ path: 'name', message, severity: 'error' }] }
}
