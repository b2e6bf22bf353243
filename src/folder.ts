import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}

/**
 * Makes a folder, and those that it is in, for this user alone; one that is there is left as it is. Node 20's own
 * `recursive` never returns where a parent is there in which nothing can be made, such as `/proc`.
 * @throws what the system says of the first that cannot be made.
 */
export function makeFolder(path: string): void {
  const make = () => {
    try {
      mkdirSync(path, { mode: 0o700 })
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error
    }
  }
  try {
    make()
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' || dirname(path) === path) throw error
    makeFolder(dirname(path))
    make()
  }
}
