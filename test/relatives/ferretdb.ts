import { cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type RelativeServer, run } from './server.js'

const VERSION = '1.24.2'

/** The module's folder in Go's cache, where it is downloaded to. */
async function download(folder: string): Promise<string> {
  const module = `github.com/FerretDB/FerretDB@v${VERSION}`
  const { Dir } = JSON.parse(await run(['go', 'mod', 'download', '-json', module], folder))
  return String(Dir)
}

/** FerretDB 1, on its SQLite backend (Apache-2.0). */
export const ferretdb: RelativeServer = {
  kind: 'FerretDB',
  version: VERSION,
  // They race for single versions, which it does not keep, and it looks through a collection for each find.
  everyOperation: false,
  programs: ['go'],
  async build(folder) {
    const source = join(folder, 'source')
    // Go's cache is read-only.
    await cp(await download(folder), source, { recursive: true })
    await run(['chmod', '-R', 'u+w', source], folder)
    // It embeds these, which its own build writes.
    const files = { version: `v${VERSION}`, commit: 'unknown', branch: 'unknown', package: 'unknown' }
    for (const [name, text] of Object.entries(files)) {
      await writeFile(join(source, `build/version/${name}.txt`), text)
    }
    await run(['go', 'build', '-o', join(folder, 'ferretdb'), './cmd/ferretdb'], source)
    await run(['rm', '-rf', source], folder)
  },
  command: (folder, data) => [
    join(folder, 'ferretdb'),
    '--handler=sqlite',
    `--sqlite-url=file:${data}/`,
    `--state-dir=${data}`,
    '--listen-addr=127.0.0.1:0',
    '--telemetry=disable',
    '--debug-addr=-',
  ],
  listening: /Listening on TCP (127\.0\.0\.1:\d+)/,
}
