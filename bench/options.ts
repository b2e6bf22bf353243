import { type ParseArgsConfig, parseArgs } from 'node:util'

type Named = NonNullable<ParseArgsConfig['options']>

/** The options that every benchmark takes: `--quick`, `--runtime bun` and `--only text`; and further ones of its own. */
export function readOptions<T extends Named = Record<never, never>>(further?: T) {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      runtime: { type: 'string', default: 'node' },
      only: { type: 'string', default: '' },
      ...further,
    } as {
      // Spread types lose that each option keeps its own form.
      quick: { type: 'boolean'; default: false }
      runtime: { type: 'string'; default: string }
      only: { type: 'string'; default: string }
    } & T,
  })
  return values
}
