import { z } from 'zod'

const TYPES: Record<string, string> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  record: 'an object',
  array: 'a list',
}

/** How a value that a schema has no words of its own for is refused: the field, and what it may be. */
function describe(issue: z.core.$ZodRawIssue): string | undefined {
  const field = issue.path?.map(String).join('.') || 'input'
  if (issue.code === 'invalid_type') {
    if (issue.input === undefined) return `${field} is required`
    return `${field} must be ${TYPES[issue.expected] ?? issue.expected}`
  }
  if (issue.code === 'invalid_value') return `${field} must be one of ${issue.values.join(', ')}`
  return undefined
}

// Texts of the schemas themselves win over these, as they do over zod's own.
z.config({ customError: describe })
