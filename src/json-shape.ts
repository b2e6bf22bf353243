/** Where the string that opens at `at` ends. An upload is one long string: most of it is passed natively. */
export function endOfString(json: string, at: number): number {
  let end = json.indexOf('"', at + 1)
  while (end !== -1) {
    let escapes = 0
    while (json.charCodeAt(end - 1 - escapes) === 0x5c) escapes += 1
    if (escapes % 2 === 0) return end
    end = json.indexOf('"', end + 1)
  }
  return json.length
}

/** The most that a JSON text may hold. */
export interface ShapeLimits {
  /** Arrays and objects within each other. */
  maxDepth: number
  /** Values: each takes up to 60 bytes once it is parsed, whatever it took in the text. */
  maxValues: number
  /** Values of one array or object itself: one of very many takes far longer to be parsed than many small ones. */
  maxMembers: number
}

/** Whether a JSON text holds too much to be parsed; what stands within strings does not count. */
export function faultOfShape(
  json: string,
  { maxDepth, maxValues, maxMembers }: ShapeLimits,
): 'too-deep' | 'too-many-values' | 'too-many-members' | undefined {
  /** Of the arrays and objects around the place, by their depth. */
  const members: number[] = []
  let depth = 0
  let values = 1
  for (let at = 0; at < json.length; at += 1) {
    const unit = json.charCodeAt(at)
    if (unit === 0x22) at = endOfString(json, at)
    else if (unit === 0x7b || unit === 0x5b) {
      depth += 1
      values += 1
      if (depth > maxDepth) return 'too-deep'
      members[depth] = 1
    } else if (unit === 0x7d || unit === 0x5d) depth = Math.max(0, depth - 1)
    else if (unit === 0x2c) {
      const count = (members[depth] ?? 0) + 1
      members[depth] = count
      values += 1
      if (count > maxMembers) return 'too-many-members'
    }
    if (values > maxValues) return 'too-many-values'
  }
  return undefined
}
