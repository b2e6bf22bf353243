import { readdirSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { consoleAddresses } from '../../src/http/console-addresses.js'
import type { ServiceProcess } from '../support/service-process.js'
import { axeFinds, create, launch, openTab, startOn } from './site.js'

/** Bytes of JavaScript and CSS, compressed, that the console may have. */
const BUDGET = 130_000

let browser: Browser
let service: ServiceProcess
beforeAll(async () => {
  browser = await launch()
  service = await startOn('SQLite')
})
afterAll(async () => {
  await browser?.close()
  await service?.stopWell()
})

it('all scripts and styles keep to the budget', () => {
  const assets = new URL('../../dist/console/assets/', import.meta.url)
  const files = readdirSync(assets).filter((name) => /\.(js|css)$/.test(name))
  const bytes = files.map((name) => gzipSync(readFileSync(new URL(name, assets))).length)
  expect(files.length).toBeGreaterThan(1)
  expect(bytes.reduce((sum, each) => sum + each, 0)).toBeLessThan(BUDGET)
})

describe('the page', () => {
  it('is at each of its addresses, with a strict policy and an ETag, and nowhere else', async () => {
    for (const address of Object.values(consoleAddresses)) {
      const response = await fetch(`${service.url}${address.replaceAll(/:\w+/g, 'x')}`)
      expect([address, response.status]).toEqual([address, 200])
      const policy = response.headers.get('content-security-policy') ?? ''
      expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'")
      expect(policy).not.toContain('unsafe')
      expect(response.headers.get('cache-control')).toBe('no-cache')
      const etag = response.headers.get('etag') ?? ''
      const again = await fetch(response.url, { headers: { 'If-None-Match': etag } })
      expect(again.status).toBe(304)
    }
    for (const path of ['/p', '/p/x/nothing', '/p/x/personas/y/nothing', '/assets/nothing.js']) {
      const response = await fetch(`${service.url}${path}`)
      expect([path, response.status]).toEqual([path, 404])
      expect(await response.json()).toMatchObject({ code: 'NOT_FOUND' })
    }
  })

  it('loads what is cached for good', async () => {
    const page = await (await fetch(`${service.url}/`)).text()
    const loaded = [...page.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path)
    expect(loaded.length).toBeGreaterThan(2)
    for (const path of loaded) {
      const response = await fetch(`${service.url}${path}`)
      expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    }
  })

  it('shows its first content within a second', async () => {
    await create(service.url, 'fast', [{ name: 'Ida' }])
    const tab = await openTab(browser, service.url)
    await tab.page.goto('/p/fast')
    await tab.page.getByRole('link', { name: 'Ida' }).waitFor()
    const paint = await tab.page.evaluate(
      () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime,
    )
    expect(paint).toBeLessThan(1_000)
    expect(tab.faults).toEqual([])
    await tab.close()
  })
})

it('of 5,000 personas those that are seen are in the page, and the last one is reached', async () => {
  const personas = Array.from({ length: 5_000 }, (_, at) => ({
    name: `persona-${String(at).padStart(4, '0')}`,
  }))
  await create(service.url, 'many', personas)
  const tab = await openTab(browser, service.url)
  const { page } = tab
  await page.goto('/p/many?sort=name')
  await page.getByRole('link', { name: 'persona-0000' }).waitFor()
  await expect
    .poll(
      async () => {
        await page.evaluate(() => document.getElementById('main')?.scrollBy(0, 1e6))
        return page.getByRole('link', { name: 'persona-4999' }).count()
      },
      { timeout: 40_000, interval: 50 },
    )
    .toBe(1)
  expect(await page.locator('.card').count()).toBeLessThan(60)
  await page.getByRole('heading', { name: 'Personas 5,000' }).waitFor()
  expect(tab.faults).toEqual([])
  await page.getByRole('link', { name: 'persona-4999' }).click()
  await page.getByRole('heading', { name: 'persona-4999', level: 1 }).waitFor()
  await page.goBack()
  await page.getByRole('link', { name: 'persona-4999' }).waitFor()
  await tab.close()
})

it.each([390, 1440])('texts of any kind are texts, and fit at %i pixels', async (width) => {
  const script = '<script>document.title = "run"</script><img src=x onerror="document.title=1">'
  const texts = [script, `${'ن'.repeat(150)} שלום عالم`, 'w'.repeat(200)]
  const project = `odd-${width}`
  const personas = texts.map((text) => ({
    name: text,
    description: text,
    systemPrompt: text,
    tags: [text.slice(0, 50)],
    metadata: { key: text },
    headers: { 'X-A': '<script>' },
  }))
  await create(service.url, project, personas)
  const tab = await openTab(browser, service.url, { width })
  await tab.page.goto(`/p/${project}?sort=name`)
  await tab.page.locator('.card').first().waitFor()
  for (const id of await tab.page
    .locator('.card a')
    .evaluateAll((links) => links.map((link) => link.getAttribute('href')))) {
    for (const end of ['', '/history', '/headers']) {
      await tab.page.goto(`${id}${end}`)
      await tab.page.locator('.persona h1').waitFor()
      const beyond = await tab.page.evaluate(() => {
        const main = document.getElementById('main')
        return main === null ? 1 : main.scrollWidth - main.clientWidth
      })
      expect([end, beyond]).toEqual([end, 0])
      expect(await axeFinds(tab.page)).toEqual([])
    }
  }
  expect(await tab.page.title()).not.toBe('run')
  expect(tab.faults).toEqual([])
  await tab.close()
})

it('a service that is gone is said to be; the text is kept, and saved once it is back', async () => {
  await create(service.url, 'back', [{ name: 'Ida' }])
  const tab = await openTab(browser, service.url, { expects: /ERR_|Failed to fetch/ })
  const { page } = tab
  await page.goto('/p/back')
  await page.getByRole('link', { name: 'Ida' }).click()
  await page.getByLabel('System prompt').fill('You are Ida, and you wait.')
  await page.context().setOffline(true)
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('The service is not reachable; your text is kept').waitFor()
  await page.context().setOffline(false)
  await page.getByText('The service is not reachable; your text is kept').waitFor({ state: 'detached' })
  expect(await page.getByLabel('System prompt').inputValue()).toBe('You are Ida, and you wait.')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Saved · v2').waitFor()
  expect(tab.faults).toEqual([])
  await tab.close()
})

it('a service that is slow is said to be', async () => {
  await create(service.url, 'slow', [{ name: 'Ida' }])
  const tab = await openTab(browser, service.url)
  await tab.page.route('**/trpc/**', async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 5_000))
    await route.continue()
  })
  await tab.page.goto('/p/slow')
  await tab.page.getByText('Loading personas…').waitFor()
  await tab.page.getByText('The service is slow at the moment…').waitFor()
  await tab.page.getByRole('link', { name: 'Ida' }).waitFor()
  expect(tab.faults).toEqual([])
  await tab.close()
})
