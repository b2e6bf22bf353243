import { root, run } from '../package/tools.js'

/** Tools that read the document: the last versions that run on the oldest Node supported, or bring their own. */
const packages = {
  redocly: ['@redocly/cli@2.77.0'],
  spectral: ['@stoplight/spectral-cli@6.16.3'],
  'openapi-typescript': ['openapi-typescript@7.13.0'],
  // Needs Node 22, and the TypeScript before the one that is written in Go.
  'openapi-ts': ['node@24.21.0', '@hey-api/openapi-ts@0.99.0', 'typescript@5.9.3'],
} satisfies Record<string, string[]>

// None of them is to report to its makers.
const quiet = {
  CI: 'true',
  DO_NOT_TRACK: '1',
  NO_COLOR: '1',
  REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true',
  REDOCLY_TELEMETRY: 'off',
  SCARF_ANALYTICS: 'false',
}

/** Runs a tool in a folder, and gives what it wrote. @throws Error with that where it fails. */
export function runTool(tool: keyof typeof packages, args: string[], folder = root): Promise<string> {
  const environment = Object.entries(quiet).map(([name, value]) => `${name}=${value}`)
  const wanted = packages[tool].flatMap((each) => ['--package', each])
  return run(['env', ...environment, 'npx', '--yes', ...wanted, '--', tool, ...args], folder)
}
