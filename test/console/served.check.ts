import { readdirSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { consoleAddresses } from '../../src/http/console-addresses.js'
import { type ServiceProcess, temporaryFolder } from '../support/service-process.js'
import { axeFinds, create, KEY, launch, openTab, startOn } from './site.js'

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
  const sum = bytes.reduce((all, each) => all + each, 0)
  console.info(`Scripts and styles: ${sum} bytes`)
  expect(files.length).toBeGreaterThan(1)
  expect(sum).toBeLessThan(BUDGET)
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

  it('shows its first content within a second of a cold load', async () => {
    await create(service.url, 'fast', [{ name: 'Ida' }])
    const tab = await openTab(browser, service.url)
    await tab.page.addInitScript(() => {
      new MutationObserver((_, observer) => {
        if (document.querySelector('.card h2') === null) return
        performance.mark('first card')
        observer.disconnect()
      }).observe(document, { childList: true, subtree: true })
    })
    await tab.page.goto('/p/fast')
    await tab.page.getByRole('link', { name: 'Ida' }).waitFor()
    const [paint = Number.NaN, card = Number.NaN] = await tab.page.evaluate(() =>
      ['first-contentful-paint', 'first card'].map(
        (name) => performance.getEntriesByName(name)[0]?.startTime,
      ),
    )
    console.info(`First paint after ${Math.round(paint)} ms, first card after ${Math.round(card)} ms`)
    expect(paint).toBeLessThan(1_000)
    expect(card).toBeLessThan(1_000)
    expect(tab.faults).toEqual([])
    await tab.close()
  })

  it('is watched: what its policy forbids, and what asks another host, is a fault of a test', async () => {
    const tab = await openTab(browser, service.url)
    await tab.page.goto('/')
    await tab.page.evaluate(() => {
      for (const src of ['https://elsewhere.example/picture.png', 'data:image/png;base64,AA==']) {
        document.body.append(Object.assign(new Image(), { src }))
      }
      document.body.append(
        Object.assign(document.createElement('script'), { text: 'document.title = "run"' }),
      )
    })
    await expect.poll(() => tab.faults.join()).toContain('policy: script-src')
    expect(tab.faults.join()).toContain('policy: img-src')
    expect(await tab.page.title()).not.toBe('run')
    // Past the policy, it would be seen as well.
    await tab.page.route('https://elsewhere.example/**', (route) => route.abort())
    await tab.page.goto('https://elsewhere.example/').catch(() => undefined)
    expect(tab.faults).toContain('asked https://elsewhere.example/')
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

it('a thousand cards scroll at 60 frames a second', async () => {
  const personas = Array.from({ length: 1_000 }, (_, at) => ({
    name: `persona-${at}`,
    description: 'Wants one answer before the train goes into the tunnel',
    tags: ['billing', 'angry', 'calm', 'mobile'],
  }))
  await create(service.url, 'thousand', personas)
  const tab = await openTab(browser, service.url)
  const { page } = tab
  await page.goto('/p/thousand')
  await page.locator('.card').first().waitFor()
  // All are loaded first: a page of them is work of another kind.
  await expect
    .poll(
      async () => {
        await page.evaluate(() => document.getElementById('main')?.scrollBy(0, 1e6))
        return page.locator('h1').innerText()
      },
      { timeout: 20_000, interval: 50 },
    )
    .toBe('Personas 1,000')
  const scroll = () =>
    page.evaluate(async () => {
      const main = document.getElementById('main')
      if (main === null) throw new Error('There is no main')
      main.scrollTop = 0
      const frame = () => new Promise<number>((resolve) => requestAnimationFrame(resolve))
      await frame()
      const times: number[] = []
      let before = await frame()
      // Four seconds, a row every seventh frame: about as fast as one can look.
      for (let n = 0; n < 240; n += 1) {
        main.scrollTop += 50
        const now = await frame()
        times.push(now - before)
        before = now
      }
      times.sort((a, b) => a - b)
      return { median: times[120] ?? 0, late: times.filter((time) => time > 25).length / times.length }
    })
  // Others share the machine: the best of some runs is what the page can do.
  const runs: Awaited<ReturnType<typeof scroll>>[] = []
  for (let n = 0; n < 10 && !runs.some(({ late }) => late < 0.05); n += 1) runs.push(await scroll())
  console.info(
    `Frames: ${runs.map(({ median, late }) => `${median.toFixed(1)} ms, ${Math.round(late * 100)} % late`).join('; ')}`,
  )
  expect(Math.min(...runs.map(({ median }) => median))).toBeLessThan(17.5)
  expect(Math.min(...runs.map(({ late }) => late))).toBeLessThan(0.05)
  expect(await page.locator('.card').count()).toBeLessThan(60)
  expect(tab.faults).toEqual([])
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
    metadata: { key: text, '<script>alert(1)</script>': '<script>document.title = "run"</script>' },
    headers: { 'X-A': '<script>document.title = "run"</script>' },
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
      if (end !== '/headers') continue
      await tab.page.getByRole('button', { name: 'Merge headers' }).click()
      await tab.page.getByText('X-A: <script>document.title = "run"</script>').waitFor()
      const values = await tab.page
        .locator('.row input')
        .evaluateAll((inputs) => inputs.map((input) => (input as HTMLInputElement).value))
      expect(values).toContain('<script>document.title = "run"</script>')
      expect(values).toContain('<script>alert(1)</script>')
    }
  }
  expect(await tab.page.locator('main script, main img[src=x]').count()).toBe(0)
  expect(await tab.page.title()).not.toBe('run')
  expect(tab.faults).toEqual([])
  await tab.close()
})

it('a service that is stopped is said to be gone; what is typed is kept, and saved once it is started again', async () => {
  const env = { DATA_DIR: temporaryFolder() }
  const first = await startOn('SQLite', env)
  const PORT = new URL(first.url).port
  await create(first.url, 'stopped', [{ name: 'Ida' }, { name: 'Otto' }])
  const tab = await openTab(browser, first.url, { expects: /ERR_|Failed to fetch/ })
  const { page } = tab
  await page.goto('/p/stopped')
  await page.getByRole('link', { name: 'Ida' }).click()
  await page.getByLabel('System prompt').fill('You are Ida, and you wait.')
  await first.stopWell()
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('The service is not reachable; your text is kept').waitFor()
  expect(await page.getByRole('alert').innerText()).toContain(
    'The service is not reachable. Your text is kept',
  )
  expect(await axeFinds(page)).toEqual([])
  const second = await startOn('SQLite', { ...env, PORT })
  await page.getByText('The service is not reachable; your text is kept').waitFor({ state: 'detached' })
  expect(await page.getByLabel('System prompt').inputValue()).toBe('You are Ida, and you wait.')
  await page.getByRole('button', { name: 'Try again' }).click()
  await page.getByText('Saved · v2').waitFor()
  // A file is asked for by the page itself.
  await page.getByRole('link', { name: 'Files' }).click()
  await second.stopWell()
  await page.getByRole('button', { name: 'CSV' }).click()
  await page.getByRole('alert').getByText('The service is not reachable.').waitFor()
  const third = await startOn('SQLite', { ...env, PORT })
  const coming = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Try again' }).click()
  await coming
  await page.getByRole('link', { name: 'Personas' }).click()
  await page.getByRole('link', { name: 'Ida' }).waitFor()
  expect(tab.faults).toEqual([])
  await tab.close()
  await third.stopWell()
})

it('a browser that is offline is told so; the text is kept, and saved once it is back', async () => {
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

it('a key of one project is told what it is not allowed, and sees its own', async () => {
  const limited = await startOn('SQLite', { API_KEYS: `mine=${KEY}` })
  await create(limited.url, 'mine', [{ name: 'Ida' }], { authorization: `Bearer ${KEY}` })
  const tab = await openTab(browser, limited.url, { expects: /status of (401|403|404)/ })
  const { page } = tab
  await page.goto('/p/another')
  await page.getByLabel('Key of the service').fill(KEY)
  await page.getByRole('button', { name: 'Use key' }).click()
  await page.locator('main').getByRole('alert').waitFor()
  expect((await page.locator('main .failure p').first().innerText()).length).toBeGreaterThan(10)
  expect(await axeFinds(page)).toEqual([])
  await page.getByLabel('Project').selectOption('mine')
  await page.getByRole('link', { name: 'Ida' }).waitFor()
  expect(tab.faults).toEqual([])
  await tab.close()
  await limited.stopWell()
})
