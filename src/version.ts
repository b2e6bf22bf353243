import { readFileSync } from 'node:fs'

// The manifest lies one folder up, from src/ and from dist/ alike.
const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))

/** The service's version, as its package says. */
export const version: string = manifest.version
