type Fields = Record<string, unknown>

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The error that a failed answer tells, in OpenAI's form; undefined where it is there already, or nothing is told. */
function errorOf({ error, ...body }: Fields): Fields | undefined {
  if (isObject(error)) return undefined
  const said = error ?? body.message ?? body.detail
  if (said === undefined || said === null) return undefined
  const message = typeof said === 'string' ? said : JSON.stringify(said)
  return { type: body.type ?? body.error_type, code: body.code, param: body.param, message }
}

/**
 * The body of a failed answer with its error where OpenAI has it. Gateways give its fields at the top (vLLM), as a text
 * (Ollama), or as `detail` (FastAPI), and the SDK drops what is not below `error`.
 */
export function withError(body: string): string {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    return body
  }
  const error = isObject(value) ? errorOf(value) : undefined
  return error === undefined ? body : JSON.stringify({ error })
}
