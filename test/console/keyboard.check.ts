import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { type ChatApi, startChatApi, turn } from '../simulation/chat-api.js'
import { startProvider } from '../support/provider.js'
import type { ServiceProcess } from '../support/service-process.js'
import { callerOf, create, launch, openTab, type Site, sites, startSite } from './site.js'

/** Stops of the Tab key that a view has, at most: beyond it one is caught. */
const MOST_STOPS = 120

let browser: Browser
let api: ChatApi
let service: ServiceProcess
let id = ''
// The first one there is.
const site = sites[0] as Site
const ask = callerOf(() => service.url, site)
beforeAll(async () => {
  browser = await launch()
  api = await startChatApi()
  service = await startSite(site, { OPENAI_BASE_URL: api.url, PERSONA_MODELS: 'model-a' })
  const llmSettings = { provider: 'openai', apiKey: 'sk-test-0123456789' }
  await ask('PUT', '/api/projects/keys/config', { llmSettings })
  await create(service.url, 'keys', [
    {
      name: 'Ida',
      systemPrompt: 'You are Ida.',
      tags: ['calm'],
      headers: { 'X-A': '1' },
      metadata: { a: 'b' },
    },
    { name: 'Otto', tags: ['late'] },
  ])
  id = (await ask('GET', '/api/projects/keys/personas'))[0].id
})
beforeEach(() => api.reset())
afterAll(async () => {
  await browser?.close()
  await service?.stopWell()
  await api?.close()
})

/** What has the focus, and whether one sees that it does. */
function focused(page: Page): Promise<{ what: string; isSeen: boolean } | undefined> {
  return page.evaluate(() => {
    const element = document.activeElement
    if (!(element instanceof HTMLElement) || element === document.body) return undefined
    const isMarked = (each: Element | null) => {
      if (each === null) return false
      const { outlineStyle, outlineWidth } = getComputedStyle(each)
      return outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2
    }
    // A card shows that something in it has the focus.
    const isOutlined = isMarked(element) || isMarked(element.closest('.card'))
    const { width, height, top, left } = element.getBoundingClientRect()
    const isThere = width > 0 && height > 0 && top < window.innerHeight && left < window.innerWidth
    const what = `${element.tagName} ${element.getAttribute('aria-label') ?? element.id} ${element.textContent?.slice(0, 40)}`
    return { what, isSeen: isOutlined && isThere }
  })
}

const views = {
  gallery: () => '/p/keys',
  'first visit': () => '/p/none',
  create: () => '/p/keys/personas/new',
  prompt: () => `/p/keys/personas/${id}`,
  talk: () => `/p/keys/personas/${id}/talk`,
  history: () => `/p/keys/personas/${id}/history`,
  headers: () => `/p/keys/personas/${id}/headers`,
  use: () => `/p/keys/personas/${id}/use`,
  drafts: () => '/p/keys/drafts',
  files: () => '/p/keys/files',
  settings: () => '/p/keys/settings',
}

it.each(Object.entries(views))(
  '%s: Tab goes through all of it, is seen, and is not caught',
  async (_, path) => {
    for (const width of [390, 1440]) {
      const tab = await openTab(browser, service.url, { width })
      const { page } = tab
      await page.goto(path())
      await page.locator('main h1').waitFor()
      await page.waitForLoadState('networkidle')
      const controls = await page.evaluate(
        () =>
          [
            ...document.querySelectorAll<HTMLElement>('a[href], button, input, select, textarea, summary'),
          ].filter(
            (each) =>
              each.tabIndex >= 0 &&
              !each.matches(':disabled, [type=radio]:not(:checked)') &&
              each.checkVisibility(),
          ).length,
      )
      await page.locator('.skip').focus()
      let stops = 1
      for (; stops < MOST_STOPS; stops += 1) {
        await page.keyboard.press('Tab')
        const now = await focused(page)
        // Past the last one it is the browser's own.
        if (now === undefined) break
        expect(now).toEqual({ ...now, isSeen: true })
      }
      expect(stops).toBeLessThan(MOST_STOPS)
      expect(stops).toBeGreaterThanOrEqual(controls)
      expect(tab.faults).toEqual([])
      await tab.close()
    }
  },
)

it.each(Object.entries(views))(
  '%s: the question mark lists its keys, and Escape goes back to where one was',
  async (_, path) => {
    const tab = await openTab(browser, service.url)
    const { page } = tab
    await page.goto(path())
    await page.locator('main h1').waitFor()
    await page.locator('.skip').focus()
    const before = await focused(page)
    expect(before?.what).toContain('Skip to content')
    await page.keyboard.press('?')
    const dialog = page.getByRole('dialog', { name: 'Keyboard' })
    await dialog.waitFor()
    expect(await dialog.locator('kbd').allTextContents()).toContain('?')
    // Within it, Tab does not leave for what is behind.
    for (let n = 0; n < 6; n += 1) {
      await page.keyboard.press('Tab')
      const isBehind = await page.evaluate(
        () => document.activeElement !== document.body && document.activeElement?.closest('dialog') === null,
      )
      expect(isBehind).toBe(false)
    }
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    await expect.poll(() => focused(page)).toEqual(before)
    await tab.close()
  },
)

/** Presses Tab until what has the focus is called so. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let n = 0; n < MOST_STOPS; n += 1) {
    await page.keyboard.press('Tab')
    const now = await focused(page)
    if (now?.what.includes(name)) return
  }
  throw new Error(`Tab does not come to ${name}`)
}

it('a persona is made, edited, talked with, found, selected, deleted and had back by the keyboard alone', async () => {
  const tab = await openTab(browser, service.url)
  const { page } = tab
  const press = (...keys: string[]) =>
    keys.reduce((done, key) => done.then(() => page.keyboard.press(key)), Promise.resolve())
  await page.goto('/p/keys')
  await page.getByRole('link', { name: 'Ida' }).waitFor()
  await press('n')
  await page.getByRole('heading', { name: 'New persona' }).waitFor()
  const hasFocus = () =>
    page.evaluate(
      () => document.activeElement?.id === document.querySelector('main label')?.getAttribute('for'),
    )
  await expect.poll(hasFocus).toBe(true)
  await page.keyboard.type('Mei')
  await press('Tab', 'Tab')
  await page.keyboard.type('calm')
  await press('Enter', 'Tab')
  await page.keyboard.type('You are Mei.')
  await press('Control+s')
  await page.getByText('Saved · v1').waitFor()
  await page.waitForURL(/personas\/(?!new)[^/]+$/)
  await page.waitForLoadState('networkidle')
  api.reply(turn('Where is my parcel?'))
  await tabTo(page, 'Talk')
  await press('Enter')
  await page.getByLabel('You, as the agent').waitFor()
  await tabTo(page, 'Scenario and goal')
  await press('Tab')
  await page.keyboard.type('How can I help?')
  await press('Control+Enter')
  await page.getByText('Where is my parcel?').waitFor()
  await press('Escape')
  await page.getByRole('link', { name: 'Mei' }).waitFor()
  await press('/')
  await page.keyboard.type('Mei')
  await page.getByRole('link', { name: 'Ida' }).waitFor({ state: 'detached' })
  await tabTo(page, 'Mei')
  await press('x')
  await page.getByText('1 selected').waitFor()
  await press('Shift+Tab')
  for (let n = 0; n < 10 && !(await focused(page))?.what.includes('Delete'); n += 1) await press('Shift+Tab')
  await press('Enter')
  await page.getByText('Deleted 1 persona').waitFor()
  await tabTo(page, 'Undo')
  await press('Enter')
  await page.getByRole('link', { name: 'Mei' }).waitFor()
  await press('Escape')
  await page.getByRole('link', { name: 'Ida' }).waitFor()
  await press('j', 'e')
  await page.locator('.persona h1').waitFor()
  await press('Escape')
  await page.getByRole('heading', { name: 'Personas 3' }).waitFor()
  expect(tab.faults).toEqual([])
  await tab.close()
})

it('single keys do nothing once they are turned off', async () => {
  const tab = await openTab(browser, service.url)
  const { page } = tab
  await page.goto('/p/keys')
  await page.getByRole('link', { name: 'Ida' }).waitFor()
  await page.keyboard.press('?')
  await page.getByLabel('Single keys do something').uncheck()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await page.keyboard.press('n')
  await page.keyboard.press('?')
  expect(await page.getByRole('dialog').count()).toBe(0)
  expect(new URL(page.url()).pathname).toBe('/p/keys')
  await tab.close()
})

it('nothing moves where one asked for less motion, and nothing for longer than 150 ms otherwise', async () => {
  const provider = await startProvider()
  provider.behave = () => 'is slow'
  const slow = await startSite(site, { OPENAI_BASE_URL: provider.url })
  await create(slow.url, 'slow', [
    { name: 'Ida', systemPrompt: 'You are Ida.' },
    { name: 'Otto', systemPrompt: 'You are Otto.' },
  ])
  const llmSettings = { provider: 'openai', apiKey: 'sk-test-0123456789' }
  const call = callerOf(() => slow.url, site)
  await call('PUT', '/api/projects/slow/config', { llmSettings })
  const [ida, otto] = await call('GET', '/api/projects/slow/personas')
  for (const reducedMotion of ['reduce', 'no-preference'] as const) {
    const tab = await openTab(browser, slow.url)
    const { page } = tab
    await page.emulateMedia({ reducedMotion })
    await page.goto(`/p/slow/personas/${reducedMotion === 'reduce' ? ida.id : otto.id}`)
    await page.getByRole('button', { name: 'Draw portrait (costs money)' }).click()
    await page.locator('.spinner').first().waitFor()
    const moving = () => page.evaluate(() => document.getAnimations().length)
    expect([reducedMotion, await moving()]).toEqual([reducedMotion, reducedMotion === 'reduce' ? 0 : 1])
    const slowest = await page.evaluate(() => {
      const all = [...document.querySelectorAll('*')].map((each) => getComputedStyle(each).transitionDuration)
      return Math.max(...all.flatMap((each) => each.split(',').map(Number.parseFloat)))
    })
    expect(slowest).toBeLessThanOrEqual(0.15)
    await tab.close()
  }
  await slow.stopWell()
  provider.close()
})

it('what is wrong in a field of another tab is told, with the way there', async () => {
  const tab = await openTab(browser, service.url, { width: 390, expects: /status of (400|409|422)/ })
  const { page } = tab
  await page.goto(`/p/keys/personas/${id}`)
  await page.getByLabel('Name', { exact: true }).fill('Otto')
  await page.getByRole('link', { name: 'History' }).click()
  await page.getByText('Version 1').first().waitFor()
  await page.keyboard.press('Control+s')
  const alert = page.getByRole('alert')
  await alert.getByText('Persona with name "Otto" already exists').waitFor()
  await alert.getByRole('link', { name: 'Name' }).click()
  expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('Otto')
  expect(await page.getByLabel('Name', { exact: true }).getAttribute('aria-invalid')).toBe('true')
  await tab.close()
})
