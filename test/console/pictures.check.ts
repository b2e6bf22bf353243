import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { demoPersonas } from '../../scripts/demo-personas.js'
import { askJson } from '../support/ask.js'
import { type Provider, startProvider } from '../support/provider.js'
import { provide } from '../support/samples.js'
import type { ServiceProcess } from '../support/service-process.js'
import { axeFinds, create, launch, openTab, pictures, startOn } from './site.js'

const TAGS = ['billing', 'angry', 'calm', 'mobile', 'refund']
let browser: Browser
let service: ServiceProcess
let provider: Provider
let id = ''
let base = ''

beforeAll(async () => {
  browser = await launch()
  provider = await startProvider()
  service = await startOn('SQLite', { OPENAI_BASE_URL: provider.url })
  base = service.url
  const personas = demoPersonas.map((persona, at) => ({
    ...persona,
    tags: TAGS.filter((_, n) => (at * 7 + n * 3) % 5 < 3),
    metadata: { locale: 'en-GB', source: `crm-${at}` },
  }))
  await create(base, 'shop', personas)
  await provide(base, 'shop')
  const list = await askJson(base, { path: '/api/projects/shop/personas' })
  id = list[0].id
  for (const each of list.slice(0, 5))
    await askJson(base, { method: 'POST', path: `/api/projects/shop/personas/${each.id}/generate-image` })
  const systemPrompt = `${list[0].systemPrompt} You never answer before you have read the question twice.`
  await askJson(base, {
    method: 'PUT',
    path: `/api/projects/shop/personas/${id}`,
    body: JSON.stringify({ systemPrompt }),
  })
})
afterAll(async () => {
  await browser?.close()
  await service?.stopWell()
  provider?.close()
})

const views = [
  { name: 'gallery', path: () => '/p/shop', shows: 'rambling-storyteller' },
  { name: 'nothing-found', path: () => '/p/shop?q=zzzz', shows: 'Nothing found' },
  { name: 'first-visit', path: () => '/p/new-project', shows: 'No personas yet' },
  { name: 'create', path: () => '/p/shop/personas/new', shows: 'New persona' },
  { name: 'prompt', path: () => `/p/shop/personas/${id}`, shows: 'System prompt' },
  { name: 'talk', path: () => `/p/shop/personas/${id}/talk`, shows: 'You, as the agent' },
  { name: 'use', path: () => `/p/shop/personas/${id}/use`, shows: 'Copy snippet' },
  { name: 'history', path: () => `/p/shop/personas/${id}/history`, shows: 'Version 2' },
  { name: 'headers', path: () => `/p/shop/personas/${id}/headers`, shows: 'Try the merge' },
  { name: 'drafts', path: () => '/p/shop/drafts', shows: 'Write drafts' },
  { name: 'files', path: () => '/p/shop/files', shows: 'Choose a file' },
  { name: 'settings', path: () => '/p/shop/settings', shows: 'Language model provider' },
]

describe.each(views)('$name', ({ name, path, shows }) => {
  describe.each([390, 1440])('at %i pixels', (width) => {
    it.each(['light', 'dark'] as const)(
      '%s: axe finds nothing, nothing is beyond the side',
      async (scheme) => {
        const tab = await openTab(browser, base, { width, scheme })
        await tab.page.goto(path())
        await tab.page.getByText(shows).first().waitFor()
        await tab.page.waitForLoadState('networkidle')
        await tab.page.screenshot({ path: join(pictures, `${name}-${width}-${scheme}.png`) })
        const overflow = await tab.page.evaluate(() => {
          const main = document.getElementById('main')
          return main === null
            ? 1
            : main.scrollWidth - main.clientWidth + document.documentElement.scrollWidth - window.innerWidth
        })
        expect(await axeFinds(tab.page)).toEqual([])
        expect(overflow).toBeLessThanOrEqual(0)
        expect(tab.faults).toEqual([])
        await tab.close()
      },
    )
  })
})
