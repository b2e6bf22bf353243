import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openAiErrors } from '../portraits/images-api.js'
import { type ChatApi, says, startChatApi, turn } from '../simulation/chat-api.js'
import type { ServiceProcess } from '../support/service-process.js'
import {
  axeFinds,
  callerOf,
  create,
  giveKey,
  KEY,
  launch,
  openTab,
  sites,
  startSite,
  type Tab,
} from './site.js'

const PROJECT = 'talks'

let browser: Browser
let api: ChatApi
beforeAll(async () => {
  browser = await launch()
  api = await startChatApi()
})
beforeEach(() => api.reset())
afterAll(async () => {
  await browser?.close()
  await api?.close()
})

/** The messages on the page, whose speakers a screen reader says. */
async function said(page: Page): Promise<string[]> {
  return page
    .locator('.bubble')
    .allInnerTexts()
    .then((all) => all.map((each) => each.replaceAll(/\s+/g, ' ')))
}

describe.each(sites)('on $name', (site) => {
  let service: ServiceProcess
  let id: string
  const ask = callerOf(() => service.url, site)
  beforeAll(async () => {
    service = await startSite(site, { OPENAI_BASE_URL: api.url, PERSONA_MODELS: 'model-a' })
    await ask('PUT', `/api/projects/${PROJECT}/config`, {
      llmSettings: { provider: 'openai', apiKey: 'sk-test-0123456789' },
    })
    const personas = [{ name: 'Ida', systemPrompt: 'You are Ida.' }, { name: 'Ivo' }]
    await create(service.url, PROJECT, personas, site.headers)
    id = (await ask('GET', `/api/projects/${PROJECT}/personas`))[0].id
  })
  afterAll(() => service?.stopWell())

  async function open(path: string): Promise<{ tab: Tab; page: Page }> {
    const tab = await openTab(browser, service.url, { expects: /status of (4\d\d|50[23])/ })
    await tab.page.goto(`/p/${PROJECT}/personas/${path}`)
    await giveKey(tab.page, site)
    return { tab, page: tab.page }
  }

  async function closed(tab: Tab): Promise<void> {
    expect(await axeFinds(tab.page)).toEqual([])
    expect(tab.faults).toEqual([])
    await tab.close()
  }

  it('one talks with a persona as the agent, until it ends the conversation', async () => {
    const { tab, page } = await open(`${id}/talk`)
    api.reply(turn('Where is my parcel?'), turn('1042.'), turn('Thank you.', 'goal_reached'))
    await page.getByText('Scenario and goal').click()
    await page.getByLabel('Goal').fill('The parcel is found.')
    await page.getByRole('button', { name: 'Let the persona open' }).click()
    await page.getByText('Where is my parcel?').waitFor()
    await page.getByLabel('You, as the agent').fill('Which order is it?')
    await page.getByRole('button', { name: 'Send' }).click()
    await page.getByText('1042.').waitFor()
    await page.getByLabel('You, as the agent').fill('It is found.')
    await page.keyboard.press('Control+Enter')
    await page.getByText('Ended: goal reached').waitFor()
    expect(await said(page)).toEqual([
      'Ida: Where is my parcel?',
      'You, as the agent: Which order is it?',
      'Ida: 1042.',
      'You, as the agent: It is found.',
      'Ida: Thank you.',
    ])
    expect(JSON.stringify(api.lastMessages())).toContain('The parcel is found.')
    await page.getByText(/^[1-9]\d* tokens$/).waitFor()

    await page.getByRole('button', { name: 'Copy as JSON' }).click()
    const copied = JSON.parse(await page.evaluate(() => navigator.clipboard.readText()))
    expect(copied).toMatchObject({ persona: id, goal: 'The parcel is found.' })
    expect(copied.messages.map(({ role }: { role: string }) => role)).toEqual([
      'user',
      'assistant',
      'user',
      'assistant',
      'user',
    ])
    await page.getByRole('button', { name: 'Copy as promptfoo test' }).click()
    expect(await page.evaluate(() => navigator.clipboard.readText())).toContain(
      'value: "The parcel is found."',
    )

    // It stays while one looks elsewhere.
    await page.getByRole('link', { name: 'History' }).click()
    await page.getByRole('link', { name: 'Talk' }).click()
    expect(await said(page)).toHaveLength(5)
    await page.getByRole('button', { name: 'Start again' }).click()
    expect(await said(page)).toEqual([])
    expect(await page.getByLabel('Goal').inputValue()).toBe('The parcel is found.')
    await closed(tab)
  })

  it('an answer is given up, and what was written is there to be sent again', async () => {
    const { tab, page } = await open(`${id}/talk`)
    api.reply({ kind: 'hang', when: 'before headers' })
    await page.getByLabel('You, as the agent').fill('Hello?')
    await page.getByRole('button', { name: 'Send' }).click()
    await page.getByText('Ida is writing…').waitFor()
    await page.getByRole('button', { name: 'Stop' }).click()
    await expect.poll(() => page.getByLabel('You, as the agent').inputValue()).toBe('Hello?')
    await expect.poll(() => api.requests.at(-1)?.hungUp, { timeout: 2_000 }).toBe(true)

    api.reply(openAiErrors.insufficientQuota)
    await page.getByRole('button', { name: 'Send' }).click()
    await page.getByRole('alert').waitFor()
    expect(await page.getByLabel('You, as the agent').inputValue()).toBe('Hello?')
    api.reply(turn('At last.'))
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByText('At last.').waitFor()
    await closed(tab)
  })

  it('a persona without a system prompt says what it lacks', async () => {
    const personas = await ask('GET', `/api/projects/${PROJECT}/personas`)
    const { tab, page } = await open(`${personas[1].id}/talk`)
    await page.getByRole('link', { name: 'Write one' }).click()
    await page.getByLabel('System prompt').waitFor()
    await closed(tab)
  })

  it('snippets have the real ids, and are copied by a button', async () => {
    const { tab, page } = await open(`${id}/use`)
    for (const tool of ['curl', 'TypeScript', 'Python', 'promptfoo']) {
      await page.getByLabel(tool, { exact: true }).check()
      const shown = await page.locator('pre').innerText()
      expect([tool, shown]).toEqual([tool, expect.stringContaining(id)])
      expect(shown).toContain(service.url)
      expect(shown).not.toContain(KEY)
      expect(shown.includes('PERSONAS_API_KEY')).toBe(site.key !== undefined)
      await page.getByRole('button', { name: /^Cop(y snippet|ied)$/ }).click()
      await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(shown)
    }
    await page.getByLabel('MCP', { exact: true }).check()
    expect(await page.locator('pre').innerText()).toContain(`${service.url}/mcp?projectId=${PROJECT}`)
    await closed(tab)
  })

  it('drafts are written from a brief, each to take, to edit or to leave', async () => {
    const { tab, page } = await open('../drafts')
    const axes = [{ name: 'mood', values: ['calm', 'angry'] }]
    const drafts = ['Mei', 'Zoe'].map((name, at) => ({
      combination: at + 1,
      name,
      description: `${name} waits`,
      systemPrompt: `You are ${name}. Your card was stolen in ${name === 'Mei' ? 'Lisbon' : 'a train to the north'}.`,
    }))
    api.reply(says(JSON.stringify({ axes })), says(JSON.stringify({ drafts })))
    await page.getByLabel('Brief').fill('Customers of a bank whose card was stolen')
    await page.getByLabel('How many').fill('2')
    await page.getByRole('button', { name: 'Write drafts' }).click()
    await page.getByText('2 drafts. Nothing is stored until you take it.').waitFor()
    expect(await axeFinds(page)).toEqual([])
    const first = page.locator('.draft').first()
    // A name that is taken is the service's to refuse.
    await first.getByLabel('Name').fill('Ida')
    await first.getByRole('button', { name: 'Take' }).click()
    await first.getByText('already exists').waitFor()
    await first.getByLabel('Name').fill('Mei Lin')
    await first.getByRole('button', { name: 'Take' }).click()
    await page.getByText('1 draft.').waitFor()
    // What is edited stays while one looks elsewhere, and a reload asks.
    await page.getByLabel('Name').fill('Zoe of the north')
    await page.getByRole('link', { name: 'Files' }).click()
    await page.getByRole('link', { name: 'Drafts' }).click()
    expect(await page.getByLabel('Name').inputValue()).toBe('Zoe of the north')
    const asked = page.waitForEvent('dialog')
    const reloaded = page.evaluate(() => window.location.reload()).catch(() => undefined)
    const dialog = await asked
    expect(dialog.type()).toBe('beforeunload')
    await dialog.dismiss()
    await reloaded
    await page.getByRole('button', { name: 'Leave' }).click()
    await expect.poll(() => page.locator('.draft').count()).toBe(0)
    await page.getByRole('button', { name: 'Undo' }).click()
    await expect.poll(() => page.locator('.draft').count()).toBe(1)
    await page.getByRole('button', { name: 'Leave' }).click()
    const personas = await ask('GET', `/api/projects/${PROJECT}/personas?name=Mei%20Lin`)
    expect(personas).toHaveLength(1)
    await closed(tab)
  })
})
