import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { demoPersonas } from '../../scripts/demo-personas.js'
import { askJson } from '../support/ask.js'
import { type Provider, startProvider } from '../support/provider.js'
import { provide } from '../support/samples.js'
import type { ServiceProcess } from '../support/service-process.js'
import { axeFinds, beyondTheSide, create, launch, openTab, pictures, startOn } from './site.js'

const TAGS = ['billing', 'angry', 'calm', 'mobile', 'refund']
let browser: Browser
let service: ServiceProcess
let provider: Provider
let locked: ServiceProcess
let id = ''
let bare = ''
let base = ''

beforeAll(async () => {
  browser = await launch()
  provider = await startProvider()
  service = await startOn('SQLite', { OPENAI_BASE_URL: provider.url })
  locked = await startOn('SQLite', { API_KEYS: 'a-key-of-the-service-0123456789' })
  base = service.url
  const personas = demoPersonas.map((persona, at) => ({
    ...persona,
    tags: TAGS.filter((_, n) => (at * 7 + n * 3) % 5 < 3),
    metadata: { locale: 'en-GB', source: `crm-${at}` },
  }))
  await create(base, 'shop', personas)
  await create(base, 'bare', [{ name: 'Ida', systemPrompt: 'You are Ida. You are calm, and you wait.' }])
  bare = (await askJson(base, { path: '/api/projects/bare/personas' }))[0].id
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
  await locked?.stopWell()
  provider?.close()
})

interface View {
  name: string
  path: () => string
  shows: string
  /** What is done before it is looked at. */
  act?: (page: Page) => Promise<void>
}

const csv = `name,systemPrompt,colour
Ida,You are Ida.,red
silent-executive,You answer in one word.,
${'A name that goes on '.repeat(5)},You are someone.,
,You are nobody.,`

const views: View[] = [
  { name: 'gallery', path: () => '/p/shop', shows: 'rambling-storyteller' },
  {
    name: 'selection',
    path: () => '/p/shop',
    shows: 'rambling-storyteller',
    act: async (page) => {
      for (const name of ['silent-executive', 'prompt-injector'])
        await page.getByLabel(`Select ${name}`).check()
    },
  },
  { name: 'nothing-found', path: () => '/p/shop?q=zzzz', shows: 'Nothing found' },
  { name: 'first-visit', path: () => '/p/new-project', shows: 'No personas yet' },
  { name: 'create', path: () => '/p/shop/personas/new', shows: 'New persona' },
  { name: 'prompt', path: () => `/p/shop/personas/${id}`, shows: 'System prompt' },
  {
    name: 'failure',
    path: () => `/p/bare/personas/${bare}`,
    shows: 'System prompt',
    act: async (page) => {
      await page.getByRole('button', { name: 'Draw portrait (costs money)' }).click()
      await page.getByText('No LLM provider configured').waitFor()
    },
  },
  { name: 'talk', path: () => `/p/shop/personas/${id}/talk`, shows: 'You, as the agent' },
  {
    name: 'talking',
    path: () => `/p/shop/personas/${id}/talk`,
    shows: 'You, as the agent',
    act: async (page) => {
      await page.getByText('Scenario and goal').click()
      await page.getByLabel('Goal').fill('The parcel is found, or the money is back.')
      await page.getByRole('button', { name: 'Let the persona open' }).click()
      await page.locator('.bubble').first().waitFor()
      await page
        .getByLabel('You, as the agent')
        .fill('I am sorry to hear that. Which order is it? You find its number in the mail that we sent.')
      await page.getByRole('button', { name: 'Send' }).click()
      await expect.poll(() => page.locator('.bubble').count()).toBe(3)
      await page.locator('.foot').scrollIntoViewIfNeeded()
    },
  },
  { name: 'use', path: () => `/p/shop/personas/${id}/use`, shows: 'Copy snippet' },
  { name: 'history', path: () => `/p/shop/personas/${id}/history`, shows: 'Version 2' },
  { name: 'headers', path: () => `/p/shop/personas/${id}/headers`, shows: 'Try the merge' },
  {
    name: 'headers-wrong',
    path: () => `/p/shop/personas/${id}/headers`,
    shows: 'Try the merge',
    act: async (page) => {
      await page.getByRole('button', { name: 'Add header' }).click()
      await page.getByLabel('Name of header 3').fill('Bad Name')
      await page.getByRole('button', { name: 'Save' }).click()
      await page.locator('.row .wrong').waitFor()
    },
  },
  { name: 'drafts', path: () => '/p/shop/drafts', shows: 'Write drafts' },
  {
    name: 'drafts-written',
    path: () => '/p/shop/drafts',
    shows: 'Write drafts',
    act: async (page) => {
      await page.getByLabel('Brief').fill('Customers of a bank whose card was stolen')
      await page.getByRole('button', { name: 'Write drafts' }).click()
      await page.locator('.draft').first().waitFor()
    },
  },
  { name: 'files', path: () => '/p/shop/files', shows: 'Choose a file' },
  {
    name: 'files-report',
    path: () => '/p/shop/files',
    shows: 'Choose a file',
    act: async (page) => {
      const buffer = Buffer.from(csv)
      await page
        .locator('input[type=file]')
        .setInputFiles({ name: 'people.csv', mimeType: 'text/csv', buffer })
      await page.locator('tbody tr').first().waitFor()
    },
  },
  { name: 'settings', path: () => '/p/shop/settings', shows: 'Language model provider' },
  {
    name: 'dialog-keys',
    path: () => `/p/shop/personas/${id}/talk`,
    shows: 'You, as the agent',
    act: async (page) => {
      await page.getByRole('button', { name: 'Keyboard shortcuts' }).click()
      await page.getByRole('dialog', { name: 'Keyboard' }).waitFor()
    },
  },
  {
    name: 'dialog-project',
    path: () => '/p/shop',
    shows: 'rambling-storyteller',
    act: async (page) => {
      await page.getByLabel('Project').selectOption('New project…')
      await page.getByRole('dialog').getByRole('button', { name: 'Create project' }).click()
      await page.getByRole('dialog').getByRole('alert').waitFor()
    },
  },
  {
    name: 'dialog-leave',
    path: () => `/p/shop/personas/${id}`,
    shows: 'System prompt',
    act: async (page) => {
      await page.getByLabel('System prompt').fill('Changed.')
      await page.getByRole('link', { name: 'Settings' }).click()
      await page.getByRole('dialog', { name: 'Leave without saving?' }).waitFor()
    },
  },
  {
    name: 'dialog-delete',
    path: () => '/p/shop/settings',
    shows: 'Language model provider',
    act: async (page) => {
      await page.getByRole('button', { name: 'Delete project' }).click()
      await page.getByRole('dialog', { name: 'Delete project' }).waitFor()
    },
  },
  {
    name: 'dialog-conflict',
    path: () => `/p/bare/personas/${bare}`,
    shows: 'System prompt',
    act: async (page) => {
      const { systemPrompt } = await askJson(base, { path: `/api/projects/bare/personas/${bare}` })
      await page.getByLabel('System prompt').fill('You are Ida. You are loud, and you wait for nobody.')
      await askJson(base, {
        method: 'PUT',
        path: `/api/projects/bare/personas/${bare}`,
        body: JSON.stringify({
          systemPrompt: `${systemPrompt} You are angry.`,
          description: `Waits ${systemPrompt.length} days`,
        }),
      })
      await page.getByRole('button', { name: 'Save' }).click()
      await page.getByRole('dialog', { name: 'Changed by another' }).waitFor()
      await page.locator('dialog ins').first().waitFor()
    },
  },
  {
    name: 'dialog-key',
    path: () => `${locked.url}/`,
    shows: 'Key of the service',
  },
]

describe.each(views)('$name', ({ name, path, shows, act }) => {
  describe.each([390, 1440])('at %i pixels', (width) => {
    it.each(['light', 'dark'] as const)(
      '%s: axe finds nothing, nothing is beyond the side',
      async (scheme) => {
        const expects = /status of (400|401|412|422)/
        const own = name === 'dialog-key' ? locked.url : base
        const tab = await openTab(browser, own, { width, scheme, expects })
        await tab.page.goto(path())
        await tab.page.getByText(shows).first().waitFor()
        await act?.(tab.page)
        await tab.page.waitForLoadState('networkidle')
        await tab.page.screenshot({ path: join(pictures, `${name}-${width}-${scheme}.png`) })
        expect(await axeFinds(tab.page)).toEqual([])
        expect(await beyondTheSide(tab.page)).toBeLessThanOrEqual(0)
        expect(tab.faults).toEqual([])
        await tab.close()
      },
    )
  })
})

// WCAG 1.4.10: 400 % of 1,280 pixels, and 200 % of 1,440.
it.each([320, 720])(
  'at %i pixels, which is what zoom leaves, nothing is beyond the side',
  async (width) => {
    for (const { path, shows, act, name } of views.filter((view) => view.name !== 'dialog-key')) {
      const tab = await openTab(browser, base, { width, expects: /status of (400|412|422)/ })
      await tab.page.goto(path())
      await tab.page.getByText(shows).first().waitFor()
      await act?.(tab.page)
      await tab.page.waitForLoadState('networkidle')
      await tab.page.screenshot({ path: join(pictures, `${name}-${width}-light.png`) })
      expect([name, await beyondTheSide(tab.page)]).toEqual([name, 0])
      await tab.close()
    }
  },
  180_000,
)
