import { edits } from '../edits.js'

/** What other programs call a setting, where that is further from our name than a slip of the pen. */
const OTHER_NAMES: Record<string, string> = {
  MONGO_URI: 'MONGODB_URL',
  MONGO_CONNECTION_STRING: 'MONGODB_URL',
  MONGODB_CONNECTION_STRING: 'MONGODB_URL',
  API_TOKEN: 'API_KEYS',
  API_TOKENS: 'API_KEYS',
  PERSONAS_KEY: 'API_KEYS',
  PERSONAS_KEYS: 'API_KEYS',
  PERSONAS_API_KEYS: 'API_KEYS',
  ENCRYPTION_KEY: 'SECRET_KEY',
  OPENAI_API_BASE: 'OPENAI_BASE_URL',
  OPENAI_API_BASE_URL: 'OPENAI_BASE_URL',
  OPENAI_URL: 'OPENAI_BASE_URL',
  DATA_DIRECTORY: 'DATA_DIR',
  IMAGE_TIMEOUT: 'IMAGE_TIMEOUT_MS',
  IMAGE_RATE: 'IMAGE_RATE_PER_MINUTE',
  ALLOWED_ORIGINS: 'CORS_ORIGINS',
  CORS_ALLOWED_ORIGINS: 'CORS_ORIGINS',
}

/** Most edits that a name may be away from ours: short names are too like others. */
function tolerance({ length }: string): number {
  if (length < 8) return 0
  return length < 10 ? 1 : 2
}

/**
 * The variables of an environment that are nearly one of `known`, and the one each is taken for. Where that is
 * set too, nobody meant it.
 */
export function nearMisses(
  set: readonly string[],
  known: readonly string[],
): { name: string; meant: string }[] {
  const missing = known.filter((each) => !set.includes(each))
  return set.flatMap((name) => {
    if (known.includes(name)) return []
    const upper = name.toUpperCase()
    const near = (each: string) =>
      Math.abs(each.length - upper.length) <= tolerance(each) && edits(upper, each) <= tolerance(each)
    const meant = missing.find((each) => each === OTHER_NAMES[upper]) ?? missing.find(near)
    return meant === undefined ? [] : [{ name, meant }]
  })
}
