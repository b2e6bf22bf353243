import { constants, copyFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Location } from './location.js'

interface Ends {
  from: Location
  to: Location
}

function keyFile({ dataDir }: Location): string | undefined {
  return dataDir === undefined ? undefined : join(dataDir, 'secret.key')
}

/**
 * Copies the key file from one data directory to the other, where there is one. It keeps its mode.
 *
 * @throws Error of one line where the other has a different one.
 */
export function copyKeyFile({ from, to }: Ends): void {
  const source = keyFile(from)
  const target = keyFile(to)
  if (source === undefined || target === undefined || !existsSync(source)) return
  if (!existsSync(target)) {
    copyFileSync(source, target, constants.COPYFILE_EXCL)
    return
  }
  if (readFileSync(source, 'utf8').trim() === readFileSync(target, 'utf8').trim()) return
  throw new Error(
    `${target} is another key than ${source}, and would not open the provider keys; move one of them away`,
  )
}

/** What the operator must see to so that the target's service can open `count` provider keys. */
export function keyAdvice(count: number, { from, to }: Ends): string {
  const keys = `${count} provider ${count === 1 ? 'key' : 'keys'} copied as encrypted by the source.`
  const source = keyFile(from)
  const target = keyFile(to)
  if (source === undefined || !existsSync(source)) {
    return `${keys} The target's service needs the source's SECRET_KEY, or its key file secret.key in DATA_DIR.`
  }
  if (target !== undefined) {
    return `${keys} The key file came along: ${target}. Where the source's service has a SECRET_KEY, set that.`
  }
  return `${keys} Copy ${source} into the DATA_DIR of the target's service, or set the source's SECRET_KEY there.`
}
