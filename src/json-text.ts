const texts = new WeakMap<object, string>()

/** Keeps the JSON text of a value that nobody changes: it was read as that text, and is not made into it again. */
export function rememberText<T extends object>(value: Readonly<T>, text: string): Readonly<T> {
  texts.set(value, `${text}\n`)
  return value
}

/** A value as the text of an answer in JSON. The newline keeps it apart from the next prompt of a shell. */
export function jsonLine(value: unknown): string {
  const known = typeof value === 'object' && value !== null ? texts.get(value) : undefined
  return known ?? `${JSON.stringify(value)}\n`
}
