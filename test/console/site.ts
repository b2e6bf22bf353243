import { existsSync, mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import axe from 'axe-core'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { expect, inject } from 'vitest'
import { freshMongoUrl } from '../store/mongo/server.js'
import { askJson } from '../support/ask.js'
import { type ServiceProcess, startServiceProcess, temporaryFolder } from '../support/service-process.js'

/** Where Debian puts the browser. */
const CHROMIUM = '/usr/bin/chromium'
/** The pictures of the views, for a person to look at. */
export const pictures = fileURLToPath(new URL('../../.cache/console/', import.meta.url))
mkdirSync(pictures, { recursive: true })

/** Starts the browser. @throws Error where there is none: a console that nobody looked at is not tested */
export async function launch(): Promise<Browser> {
  if (!existsSync(CHROMIUM))
    throw new Error(`No ${CHROMIUM}: the console is tested in a browser ("apt-get install chromium")`)
  return chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] })
}

export type Store = 'SQLite' | 'MongoDB'

/** A key of a service that has keys. */
export const KEY = 'a-key-of-the-service-0123456789'

/** What a service is started with, and the headers that its callers need. */
export interface Site {
  name: string
  store: Store
  key?: string
  headers: Record<string, string>
}

/** The stores, and a service that wants a key. */
export const sites: Site[] = [
  { name: 'SQLite without keys', store: 'SQLite', headers: {} },
  { name: 'SQLite with keys', store: 'SQLite', key: KEY, headers: { authorization: `Bearer ${KEY}` } },
  { name: 'MongoDB without keys', store: 'MongoDB', headers: {} },
  { name: 'MongoDB with keys', store: 'MongoDB', key: KEY, headers: { authorization: `Bearer ${KEY}` } },
]

/** Gives the tab the key of its service, where that has one. */
export async function giveKey(page: Page, { key }: Site): Promise<void> {
  if (key === undefined) return
  await page.getByLabel('Key of the service').fill(key)
  await page.getByRole('button', { name: 'Use key' }).click()
}

function mongoUrl(): string {
  const mongo = inject('mongo')
  if ('unavailable' in mongo) throw new Error(mongo.unavailable)
  return freshMongoUrl(mongo.url)
}

/** Starts the service of a site. */
export function startSite({ store, key }: Site, env: Record<string, string>): Promise<ServiceProcess> {
  return startOn(store, { ...env, ...(key !== undefined && { API_KEYS: key }) })
}

/** Calls the service of a site. */
export function callerOf(base: () => string, { headers }: Site) {
  return (method: string, path: string, body?: object) =>
    askJson(base(), {
      method,
      path,
      headers: { ...headers, ...(body && { 'Content-Type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    })
}

/** Starts the built service on a store of its own. */
export function startOn(store: Store, env: Record<string, string> = {}): Promise<ServiceProcess> {
  const settings = { DATA_DIR: temporaryFolder(), LOG_LEVEL: 'silent', ...env }
  return startServiceProcess({
    env: store === 'SQLite' ? settings : { ...settings, MONGODB_URL: mongoUrl() },
  })
}

/** A tab, and what went wrong in it. */
export interface Tab {
  page: Page
  context: BrowserContext
  /** What the console said, what broke the policy, and what asked another host. */
  faults: string[]
  close(): Promise<void>
}

interface TabOptions {
  width?: number
  scheme?: 'light' | 'dark'
  /** Errors of the network that the test makes itself. */
  expects?: RegExp
  /** A tab of the same browser profile as another one. */
  context?: BrowserContext
}

/** Opens a tab that notes every fault: errors, violations of the policy, requests to other hosts. */
export async function openTab(browser: Browser, base: string, options: TabOptions = {}): Promise<Tab> {
  const { width = 1440, scheme = 'light', expects } = options
  const context =
    options.context ??
    (await browser.newContext({
      baseURL: base,
      viewport: { width, height: width < 500 ? 844 : 900 },
      colorScheme: scheme,
      permissions: ['clipboard-read', 'clipboard-write'],
    }))
  const page = await context.newPage()
  page.setDefaultTimeout(10_000)
  const faults: string[] = []
  const note = (fault: string) => {
    if (expects?.test(fault) !== true) faults.push(fault)
  }
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
      console.error(`policy: ${violatedDirective} ${blockedURI}`),
    )
  })
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') note(message.text())
  })
  page.on('pageerror', (error) => note(error.message))
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url())
    if (protocol.startsWith('http') && origin !== new URL(base).origin) note(`asked ${request.url()}`)
  })
  return {
    page,
    context,
    faults,
    close: () => (options.context === undefined ? context.close() : page.close()),
  }
}

/** What axe finds on a page, by WCAG 2.2 AA and good practice. */
export async function axeFinds(page: Page): Promise<string[]> {
  // Through the debugger, which the page's policy does not bind.
  await page.evaluate(axe.source)
  const { violations } = await page.evaluate(() =>
    (window as any).axe.run(document, { resultTypes: ['violations'] }),
  )
  return violations.map(
    ({ id, nodes }: any) =>
      `${id}: ${nodes.map(({ target, failureSummary }: any) => `${target} ${failureSummary}`).join(' | ')}`,
  )
}

/** Pixels of the page that are beyond its side: nobody should have to scroll for them. */
export function beyondTheSide(page: Page): Promise<number> {
  return page.evaluate(() => {
    const beyond = ({ scrollWidth, clientWidth }: Element) => scrollWidth - clientWidth
    const looked = [document.documentElement, ...document.querySelectorAll('#main, dialog[open]')]
    return looked.reduce((sum, element) => sum + beyond(element), 0)
  })
}

/** Creates personas through the service. */
export async function create(
  base: string,
  projectId: string,
  personas: object[],
  headers = {},
): Promise<void> {
  for (let from = 0; from < personas.length; from += 500) {
    const body = JSON.stringify({ personas: personas.slice(from, from + 500) })
    const report = await askJson(base, { path: `/api/projects/${projectId}/personas/import`, body, headers })
    expect(report.failed).toBe(0)
  }
}
