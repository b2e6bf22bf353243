import { createHash } from 'node:crypto'
import { withoutCase } from '../../personas/tags.js'

/** Most characters of a name that its file has: with the mark, it stays below the 255 bytes that file systems take. */
const MAX_SLUG = 50
/** Lengths of the marks that tell apart names of one slug: the next is taken where the one before is in use. */
const MARKS = [0, 8, 16, 32]

/**
 * Slugs that are no file names: none at all, and those of devices on Windows, whatever their extension
 * (https://learn.microsoft.com/windows/win32/fileio/naming-a-file); a README tells of its folder.
 */
const RESERVED = /^(|con|prn|aux|nul|com\d|lpt\d|readme)$/

/** The letters and digits of a name, in any script, in lower case and without accents; the rest is hyphens. */
function slugOf(name: string): string {
  const plain = withoutCase(name.normalize('NFKD').replaceAll(/[\u0300-\u036f]/g, '')).normalize('NFKC')
  const hyphened = plain.replaceAll(/[^\p{L}\p{M}\p{N}]+/gu, '-').replace(/^-/, '')
  return [...hyphened].slice(0, MAX_SLUG).join('').replace(/-$/, '')
}

/** The same for names that are one file where case, or the form of accents, does not count. */
function keyOf(file: string): string {
  return withoutCase(file.normalize('NFKD'))
}

/** Chooses names of files in a folder. */
export class FileNames {
  readonly #taken: Set<string>

  /** `taken` are the names of what is there. */
  constructor(taken: readonly string[]) {
    this.#taken = new Set(taken.map(keyOf))
  }

  /** A name for the Markdown file of a persona: the same again in the same folder. @throws Error where all are taken */
  add(name: string): string {
    const slug = slugOf(name)
    const mark = createHash('sha256').update(name).digest('hex')
    for (const length of MARKS.slice(RESERVED.test(slug) ? 1 : 0)) {
      const file = [slug || 'persona', mark.slice(0, length)].filter((part) => part !== '').join('-')
      const key = keyOf(`${file}.md`)
      if (this.#taken.has(key)) continue
      this.#taken.add(key)
      return `${file}.md`
    }
    throw new Error(`No name is left for the file of ${name}`)
  }
}
