import type { ServiceError } from '../../errors/error.js'
import { badReference } from '../../errors/portraits.js'
import type { Failure } from '../../providers/openai/errors.js'

// How OpenAI and gateways that speak its API name what is wrong with a picture, by code and in words.
const IMAGE_FILE = /image_(file|format|parse|too)|(invalid|empty|unsupported|corrupt)_(image|file)|mimetype/
const SAYS_IMAGE_FILE = /invalid (image )?file|image file or mode|unsupported (image|mimetype)/i

/** The error that names the references which the provider cannot use, where that is why it failed. */
export function referenceError(
  failure: Failure,
  references: readonly { id: string }[],
): ServiceError | undefined {
  if (references.length === 0 || !isReferenceFault(failure)) return undefined
  const ids = faultyReferences(failure, references).join(', ')
  return badReference({ ids, quote: failure.quote(), cause: failure.cause })
}

function isReferenceFault({ status, param, message, kind }: Failure): boolean {
  // 413: together they are more than the provider takes.
  if (status === 413) return true
  if (status !== 400 && status !== 415 && status !== 422) return false
  return IMAGE_FILE.test(kind) || /^image\b/.test(param) || SAYS_IMAGE_FILE.test(message)
}

/** The ids the provider may mean: one by `image[2]` or file name, one of two by `image 2`, else all. */
function faultyReferences({ param, message }: Failure, references: readonly { id: string }[]): string[] {
  const ids = references.map(({ id }) => id)
  const told = `${param} ${message}`
  const index = Number(/image\[(\d+)\]/.exec(told)?.[1] ?? Number.NaN)
  const file = Number(/reference-(\d+)\./.exec(told)?.[1] ?? Number.NaN)
  // This number was seen to count from 0 and from 1.
  const place = Number(/\bimage (\d+)\b/i.exec(told)?.[1] ?? Number.NaN)
  const meant = ids.filter((_, at) => at === index || at === file - 1 || at === place || at === place - 1)
  return meant.length > 0 ? meant : ids
}
