import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { run } from '../package/tools.js'

const PLAYWRIGHT = 'playwright-core@1.65.1'

/** The browser to look with: CHROMIUM, or where distributions put it. */
export const chromium = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
].find((path) => path !== undefined && existsSync(path))

/** Starts the browser, and logs every address it asks for to a file. */
export async function launch(netLog: string): Promise<any> {
  const find = ['npx', '--yes', '--package', PLAYWRIGHT, '--call', 'command -v playwright-core']
  const program = (await run(find, process.cwd())).trim().split('\n').at(-1) ?? ''
  const library = await import(join(dirname(program), '../playwright-core/index.mjs'))
  return library.chromium.launch({
    executablePath: chromium,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      // Whatever it would ask, nothing leaves this machine.
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
      `--log-net-log=${netLog}`,
    ],
  })
}

/** The hosts that pages asked for, from its net log; requests of the browser itself are left out. */
export function hostsAskedFor(netLog: string): string[] {
  const { constants, events } = JSON.parse(readFileSync(netLog, 'utf8'))
  const asking = constants.logEventTypes.URL_REQUEST_START_JOB
  const urls: string[] = events.flatMap(({ type, params = {} }: any) => {
    const isOfPage = params.request_type === 'main frame' || params.initiator !== 'not an origin'
    return type === asking && params.url !== undefined && isOfPage ? [params.url] : []
  })
  return [...new Set(urls.map((url) => new URL(url).host))].sort()
}
