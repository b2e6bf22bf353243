import type { ImportedPersona } from './persona.js'
import { FileFault, type Row } from './row.js'
import { parseYaml, writeYaml } from './yaml.js'

// The body begins behind the line break of the closing line, and is not touched.
const FRONT_MATTER = /^---[ \t]*\r?\n(?<yaml>(?:[^\n]*\n)*?)---[ \t]*(?:\r?\n|$)/

/**
 * The persona of a Markdown file: its fields stand in the front matter, and what follows is its system prompt, to the
 * last newline; nothing follows where it has none.
 * @throws FileFault, with the place
 */
export function readMarkdown(text: string): Row[] {
  const found = FRONT_MATTER.exec(text)
  if (found === null) {
    const isOpen = /^---[ \t]*\r?\n/.test(text)
    const fault = isOpen
      ? 'The front matter is not closed with ---'
      : 'The file must begin with front matter, between lines of ---'
    throw new FileFault(fault, { line: 1 })
  }
  const [document, ...others] = parseYaml(found.groups?.yaml ?? '', 1)
  const fields = document?.value ?? {}
  if (others.length > 0 || typeof fields !== 'object' || Array.isArray(fields)) {
    throw new FileFault('The front matter must be fields of a persona, such as name: …', { line: 2 })
  }
  const body = text.slice(found[0].length)
  if (body !== '' && 'systemPrompt' in fields) {
    throw new FileFault('systemPrompt stands in the front matter and as the body: one of them must go', {
      line: 2,
    })
  }
  return [{ value: body === '' ? fields : { ...fields, systemPrompt: body }, line: 1 }]
}

/** A persona as a Markdown file, its fields in the order of answers. */
export function writeMarkdown({ systemPrompt, ...fields }: ImportedPersona): string {
  // An empty text is not the same as none.
  const front = systemPrompt === '' ? { ...fields, systemPrompt } : fields
  return `---\n${writeYaml(front)}---\n${systemPrompt ?? ''}`
}
