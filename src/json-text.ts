// A property rather than a WeakMap, whose texts would be kept until the whole heap is collected. It is in no JSON.
const TEXT = Symbol('JSON text')

/** Keeps the JSON text of a value that nobody changes: it was read as that text, and is not made into it again. */
export function rememberText<T extends object>(value: Readonly<T>, text: string): Readonly<T> {
  return Object.defineProperty(value, TEXT, { value: `${text}\n` })
}

/** A value as the text of an answer in JSON. The newline keeps it apart from the next prompt of a shell. */
export function jsonLine(value: unknown): string {
  const known = typeof value === 'object' && value !== null && TEXT in value ? value[TEXT] : undefined
  return typeof known === 'string' ? known : `${JSON.stringify(value)}\n`
}
