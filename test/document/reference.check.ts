import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../package/tools.js'
import { type ServiceProcess, startServiceProcess } from '../support/service-process.js'
import { chromium, hostsAskedFor, launch } from './browser.js'

const KEY = 'reference-page-key'
const CREATE = '#tag/personas/POST/api/projects/{projectId}/personas'
const folder = mkdtempSync(join(tmpdir(), 'personas-reference-'))
const netLog = join(folder, 'net.json')
const pictures = join(root, '.cache')

if (chromium === undefined) {
  console.warn('\n!! NOT SHOWN: there is no Chromium here, so nobody looks at the reference page.')
  console.warn('!! Install one ("apt-get install chromium") or name it in CHROMIUM.\n')
}

describe.skipIf(chromium === undefined)('the reference page, in a browser', () => {
  let service: ServiceProcess
  let browser: any
  const complaints: string[] = []

  beforeAll(async () => {
    mkdirSync(pictures, { recursive: true })
    const env = { DATA_DIR: join(folder, 'data'), API_KEYS: KEY, LOG_LEVEL: 'warn' }
    service = await startServiceProcess({ env })
    browser = await launch(netLog)
  })
  afterAll(async () => {
    await service.stopWell()
    rmSync(folder, { recursive: true, force: true })
  })

  async function open(options: object, fragment = ''): Promise<any> {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options })
    const page = await context.newPage()
    page.on('pageerror', ({ message }: Error) => complaints.push(message))
    page.on('console', (said: any) => {
      if (['error', 'warning'].includes(said.type())) complaints.push(said.text())
    })
    page.on('requestfailed', (request: any) => complaints.push(`${request.url()} failed`))
    await page.goto(`${service.url}/docs${fragment}`)
    return page
  }

  /** The button that opens an operation to be tried. */
  const tryIt = (page: any, operation: string) =>
    page.getByRole('button', { name: `Test Request (${operation})`, exact: true })

  it('shows every group of operations, and where the document is', async () => {
    const page = await open({})
    await page.getByRole('heading', { name: 'Personas API' }).waitFor()
    for (const name of ['Personas', 'Projects', 'Images', 'Service']) {
      await page.getByRole('link', { name, exact: true }).waitFor()
    }
    await page.getByText('Download OpenAPI Document').waitFor()
  })

  it('sends a request that is tried, with the key given, and shows the answer', async () => {
    const page = await open({}, CREATE)
    // The operation of the address stands alone until those around it are there.
    await page.getByRole('heading', { name: 'Models' }).waitFor({ state: 'attached' })
    await expect.poll(() => tryIt(page, 'post /api/projects/{projectId}/personas').count()).toBe(1)
    await page.waitForTimeout(1_000)
    await page.screenshot({ path: join(pictures, 'reference.png') })
    await tryIt(page, 'post /api/projects/{projectId}/personas').click()
    const client = page.getByRole('dialog')
    await client.getByRole('button', { name: 'Send Request', exact: true }).click()
    await client.getByText('401 Unauthorized').waitFor()
    await client.getByText('Bearer Token').click()
    await page.keyboard.type(KEY)
    await client.getByRole('button', { name: 'Send Request', exact: true }).click()
    await client.getByText('201 Created').waitFor()
    await page.screenshot({ path: join(pictures, 'reference-try-it.png') })
    const headers = { authorization: `Bearer ${KEY}` }
    const stored = await fetch(`${service.url}/api/projects/support-bot/personas`, { headers })
    expect(await stored.json()).toMatchObject([{ name: 'impatient-user' }])
  })

  it('is readable in the dark and on a telephone', async () => {
    const dark = await open({ colorScheme: 'dark' })
    await dark.getByRole('heading', { name: 'Personas API' }).waitFor()
    expect(await dark.evaluate('document.body.className')).toContain('dark-mode')
    const small = await open({ viewport: { width: 390, height: 844 } })
    await small.getByRole('heading', { name: 'Personas API' }).waitFor()
    expect(await small.evaluate('document.documentElement.scrollWidth')).toBe(390)
  })

  it('says where the document is, where there is no JavaScript', async () => {
    const page = await open({ javaScriptEnabled: false })
    expect(await page.locator('noscript a').getAttribute('href')).toBe('/openapi.json')
  })

  // Last, as it ends the browser, which then has written its log.
  it('complains of nothing and asks no other host', async () => {
    expect(complaints.filter((each) => !each.includes('status of 401'))).toEqual([])
    // That the log would tell, a page without this one's policy shows.
    const free = await browser.newPage()
    await free.evaluate("fetch('http://elsewhere.invalid').catch(() => undefined)")
    await browser.close()
    expect(hostsAskedFor(netLog)).toEqual([new URL(service.url).host, 'elsewhere.invalid'])
  })

  it('may not ask another host', async () => {
    const other = await launch(join(folder, 'other.json'))
    const page = await other.newPage()
    await page.goto(`${service.url}/docs`)
    const ask = "fetch('http://elsewhere.invalid').then(() => 'asked', ({ message }) => message)"
    const blocked = page.waitForEvent('console', (said: any) => /violates/.test(said.text()))
    expect(await page.evaluate(ask)).toBe('Failed to fetch')
    expect((await blocked).text()).toContain('Content Security Policy')
    await other.close()
    expect(hostsAskedFor(join(folder, 'other.json'))).toEqual([new URL(service.url).host])
  })
})
