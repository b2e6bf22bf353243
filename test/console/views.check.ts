import { text } from 'node:stream/consumers'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Provider, startProvider } from '../support/provider.js'
import { provide } from '../support/samples.js'
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

let browser: Browser
let provider: Provider
beforeAll(async () => {
  browser = await launch()
  provider = await startProvider()
})
afterAll(async () => {
  await browser?.close()
  provider?.close()
})

describe.each(sites)('on $name', (site) => {
  let service: ServiceProcess
  let tab: Tab
  let page: Page
  const { key, headers } = site
  const ask = callerOf(() => service.url, site)
  const list = (project: string) => ask('GET', `/api/projects/${project}/personas`)

  async function open(path: string) {
    // Before a key is given, the service refuses.
    tab = await openTab(browser, service.url, { expects: /status of (401|400|409|412|422|502|503)/ })
    page = tab.page
    await page.goto(path)
    await giveKey(page, site)
  }
  async function closed() {
    expect(tab.faults).toEqual([])
    await tab.close()
  }

  beforeAll(async () => {
    service = await startSite(site, { OPENAI_BASE_URL: provider.url })
  })
  afterAll(() => service?.stopWell())

  it('the first visit says what a persona is, and loads twelve', async () => {
    await open('/')
    await page.getByText('A persona is a simulated user').waitFor()
    await page.getByRole('button', { name: 'Load twelve demo personas' }).click()
    await page.getByRole('heading', { name: 'Personas 12' }).waitFor()
    expect(page.url()).toMatch(/\/p\/[^/]+$/)
    // The key stays with the tab.
    const kept = await page.evaluate(() => [JSON.stringify(localStorage), document.cookie].join())
    expect(kept).not.toContain(KEY)
    await closed()
  })

  it('a persona is made, found by words and tag in the address, and opened by keyboard', async () => {
    await open('/p/made/personas/new')
    await page.getByLabel('Name', { exact: true }).fill('Ida')
    await page.getByLabel('Description').fill('wants answers')
    await page.getByLabel('System prompt').fill('You are Ida.')
    await page.getByLabel('Tags').fill('billing')
    await page.getByLabel('Tags').press('Enter')
    await page.keyboard.press('Control+s')
    await page.getByText('Saved · v1').waitFor()
    expect(await list('made')).toMatchObject([
      { name: 'Ida', tags: ['billing'], systemPrompt: 'You are Ida.' },
    ])
    await create(service.url, 'made', [{ name: 'Otto', tags: ['calm'] }], headers)
    await page.keyboard.press('Escape')
    await page.getByRole('link', { name: 'Otto' }).waitFor()
    await page.locator('main').focus()
    await page.keyboard.press('/')
    await page.keyboard.type('answers tag:billing')
    await page.getByRole('link', { name: 'Otto' }).waitFor({ state: 'detached' })
    expect(new URL(page.url()).searchParams.get('q')).toBe('answers tag:billing')
    await page.getByRole('link', { name: 'Ida' }).waitFor()
    await page.getByLabel('Find personas').blur()
    await page.keyboard.press('j')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Ida', level: 1 }).waitFor()
    await page.goBack()
    await page.getByRole('link', { name: 'Ida' }).waitFor()
    // The way back leads to what was looked for.
    await page.getByRole('link', { name: 'Ida' }).click()
    await page.getByRole('heading', { name: 'Ida', level: 1 }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('link', { name: 'Ida' }).waitFor()
    expect(new URL(page.url()).searchParams.get('q')).toBe('answers tag:billing')
    await closed()
  })

  it('errors of the service stand beside their fields, and leaving with changes asks', async () => {
    await create(service.url, 'errors', [{ name: 'Ida' }, { name: 'Otto' }], headers)
    const [{ id }] = await list('errors')
    await open(`/p/errors/personas/${id}/headers`)
    await page.getByLabel('Name', { exact: true }).fill('Otto')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Persona with name "Otto" already exists').waitFor()
    await page.getByLabel('Name', { exact: true }).fill('Ida')
    await page.getByRole('button', { name: 'Add header' }).click()
    await page.getByLabel('Name of header 1').fill('Bad Name')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.locator('.row .wrong').waitFor()
    expect(await page.locator('.row .wrong').textContent()).toContain('is not a header name')
    await page.getByRole('link', { name: '← Personas' }).click()
    await page.getByRole('button', { name: 'Keep editing' }).click()
    expect(await page.getByLabel('Name of header 1').inputValue()).toBe('Bad Name')
    await page.getByRole('link', { name: 'Settings' }).click()
    await page.getByRole('button', { name: 'Discard changes' }).click()
    await page.getByRole('heading', { name: 'Settings', level: 1 }).waitFor()
    await closed()
  })

  it('two tabs edit the same persona: the second is shown by field what the first changed, and chooses', async () => {
    await create(
      service.url,
      'both',
      [{ name: 'Ida', description: 'one', systemPrompt: 'You are calm.' }],
      headers,
    )
    const [{ id }] = await list('both')
    await open(`/p/both/personas/${id}`)
    await page.getByLabel('System prompt').fill('You are loud.')
    const other = await openTab(browser, service.url, { context: tab.context, expects: /status of 401/ })
    await other.page.goto(`/p/both/personas/${id}`)
    await giveKey(other.page, site)
    await other.page.getByLabel('System prompt').fill('You are angry.')
    await other.page.getByLabel('Description').fill('two')
    await other.page.keyboard.press('Control+s')
    await other.page.getByText('Saved · v2').waitFor()
    await other.close()
    await page.bringToFront()
    await page.getByRole('button', { name: 'Save' }).click()
    const dialog = page.getByRole('dialog', { name: 'Changed by another' })
    await dialog.waitFor()
    expect(await dialog.textContent()).toContain('System prompt: changed by both')
    expect(await dialog.textContent()).toContain('Description: changed by the other')
    expect(await dialog.locator('ins').allTextContents()).toEqual([
      'added: loud',
      'added: angry',
      expect.stringContaining('two'),
    ])
    expect(await axeFinds(page)).toEqual([])
    await dialog.getByRole('button', { name: 'Use these' }).click()
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Saved · v3').waitFor()
    expect(await list('both')).toMatchObject([{ systemPrompt: 'You are loud.', description: 'two' }])
    await closed()
  })

  it('versions show what changed by words, and are reverted to', async () => {
    await create(service.url, 'past', [{ name: 'Ida', systemPrompt: 'You are very calm.' }], headers)
    const [{ id }] = await list('past')
    await ask('PUT', `/api/projects/past/personas/${id}`, { systemPrompt: 'You are very loud.' })
    await open(`/p/past/personas/${id}/history`)
    await page.locator('ins').waitFor()
    expect(await page.locator('ins').allTextContents()).toEqual(['added: loud'])
    expect(await page.locator('del').allTextContents()).toEqual(['removed: calm'])
    await page.getByRole('button', { name: 'Version 1' }).click()
    await page.getByRole('button', { name: 'Revert to version 1' }).click()
    await page.getByText('Back to version 1', { exact: true }).waitFor()
    expect(await list('past')).toMatchObject([{ systemPrompt: 'You are very calm.', version: 3 }])
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.getByText('Saved · v4').waitFor()
    expect(await list('past')).toMatchObject([{ systemPrompt: 'You are very loud.' }])
    await closed()
  })

  it('headers are merged over those of a connector, and the whole prompt is shown', async () => {
    await create(
      service.url,
      'merge',
      [{ name: 'Ida', systemPrompt: 'You are Ida.', headers: { 'X-User-Language': 'en' } }],
      headers,
    )
    const [{ id }] = await list('merge')
    await open(`/p/merge/personas/${id}/headers`)
    await page.getByLabel('Headers of a connector').fill('Authorization: Bearer t\nx-user-language: de')
    await page.getByRole('button', { name: 'Merge headers' }).click()
    expect(await page.locator('.result pre').textContent()).toBe(
      'Authorization: Bearer t\nX-User-Language: en',
    )
    await page.getByRole('link', { name: 'Prompt' }).click()
    await page.getByText('Whole prompt of a conversation').click()
    await page.locator('pre.prompt').waitFor()
    expect(await page.locator('pre.prompt').textContent()).toContain('You are Ida.')
    await closed()
  })

  it('a portrait is drawn in a style, the card shows that it is, and a failure says why', async () => {
    await create(service.url, 'faces', [{ name: 'Ida', systemPrompt: 'You are Ida.' }], headers)
    const [{ id }] = await list('faces')
    await open(`/p/faces/personas/${id}`)
    await page.getByRole('button', { name: 'Draw portrait (costs money)' }).click()
    await page.getByText('No LLM provider configured').waitFor()
    await page.getByRole('button', { name: 'Copy id' }).last().waitFor()
    await ask('PUT', '/api/projects/faces/config', {
      llmSettings: { provider: 'openai', apiKey: 'sk-test-of-console' },
    })
    await page.getByText('Style references').click()
    const picture = Buffer.from(
      'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
      'base64',
    )
    await page
      .locator('input[type=file]')
      .setInputFiles({ name: 'style.png', mimeType: 'image/png', buffer: picture })
    await page.getByAltText('Style reference 1').waitFor()
    await page.getByRole('button', { name: 'Remove style reference 1' }).click()
    await page.getByRole('button', { name: 'Remove', exact: true }).click()
    await page.getByAltText('Style reference 1').waitFor({ state: 'detached' })
    provider.behave = () => 'is slow'
    await page.getByRole('button', { name: 'Draw portrait (costs money)' }).click()
    await page.getByRole('link', { name: '← Personas' }).click()
    await page.locator('.card .drawing').waitFor()
    provider.behave = () => 'draws'
    await page.locator('.card .portrait img').waitFor()
    const src = await page.locator('.card .portrait img').getAttribute('src')
    expect(src?.startsWith('blob:')).toBe(key !== undefined)
    await closed()
  })

  it('a deletion can be undone, and is carried out when the page goes', async () => {
    await create(service.url, 'gone', [{ name: 'Ida' }, { name: 'Otto' }, { name: 'Mei' }], headers)
    await open('/p/gone')
    for (const name of ['Ida', 'Otto']) await page.getByLabel(`Select ${name}`).check()
    await page.getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('heading', { name: 'Personas 1' }).waitFor()
    expect(await list('gone')).toHaveLength(3)
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.getByRole('heading', { name: 'Personas 3' }).waitFor()
    await page.getByLabel('Select Mei').check()
    await page.getByLabel('Tag to add').fill('kept')
    await page.getByRole('button', { name: 'Tag', exact: true }).click()
    await page.getByText('Tagged 1 of 1 persona').waitFor()
    await page.getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('heading', { name: 'Personas 2' }).waitFor()
    await page.goto('about:blank')
    await expect.poll(() => list('gone')).toHaveLength(2)
    await closed()
  })

  it('what is deleted can be had back for ten seconds, and is gone then', async () => {
    await create(service.url, 'ten', [{ name: 'Ida' }, { name: 'Otto' }], headers)
    tab = await openTab(browser, service.url, { expects: /status of 401/ })
    page = tab.page
    await page.clock.install()
    await page.goto('/p/ten')
    await giveKey(page, site)
    await page.getByRole('link', { name: 'Ida' }).click()
    await page.getByRole('button', { name: 'Delete' }).click()
    await page.getByText('Deleted Ida').waitFor()
    await page.getByRole('link', { name: 'Ida' }).waitFor({ state: 'detached' })
    await page.clock.fastForward(9_000)
    expect(await page.getByRole('button', { name: 'Undo' }).isVisible()).toBe(true)
    expect(await list('ten')).toHaveLength(2)
    await page.clock.fastForward(1_000)
    await page.getByRole('button', { name: 'Undo' }).waitFor({ state: 'detached' })
    await expect.poll(() => list('ten')).toHaveLength(1)
    await closed()
  })

  it('what is selected is exported in each format, and a failure is told in the words of the service', async () => {
    const personas = ['Ida', 'Otto, "the late"', 'Mei'].map((name) => ({
      name,
      systemPrompt: `You are ${name}.\nYou wait.`,
      tags: ['late', 'calm'],
      headers: { 'X-A': '=1' },
    }))
    await create(service.url, 'kept', personas, headers)
    await open('/p/kept')
    for (const { name } of personas.slice(0, 2)) await page.getByLabel(`Select ${name}`).check()
    const types = {
      json: 'application/json',
      jsonl: 'application/x-ndjson',
      yaml: 'application/yaml',
      csv: 'text/csv',
    }
    for (const [format, type] of Object.entries(types)) {
      await page.getByLabel('Format of the file').selectOption(format)
      const coming = page.waitForEvent('download')
      await page.getByRole('button', { name: 'Export' }).click()
      const download = await coming
      expect(download.suggestedFilename()).toBe(`personas.${format}`)
      const body = await text(await download.createReadStream())
      const again = await fetch(`${service.url}/api/projects/kept/personas/import?dryRun=true`, {
        method: 'POST',
        headers: { ...headers, 'Content-Type': type },
        body,
      })
      const { unchanged, failed, results } = await again.json()
      expect([format, unchanged, failed, results.length]).toEqual([format, 2, 0, 2])
    }
    const [, renamed] = await list('kept')
    await ask('PUT', `/api/projects/kept/personas/${renamed.id}`, { name: 'Otto II' })
    const kept = page.waitForEvent('download')
    await page.getByLabel('Format of the file').selectOption('json')
    await page.getByRole('button', { name: 'Export' }).click()
    expect(JSON.parse(await text(await (await kept).createReadStream()))).toHaveLength(1)
    await page.getByText('renamed or deleted meanwhile: Otto, "the late"').waitFor()
    const refused = { code: 'SERVICE_UNAVAILABLE', message: 'The store is away', requestId: 'r-1' }
    await page.route('**/export?**', (route) =>
      route.fulfill({ status: 503, json: refused, headers: { 'x-request-id': 'r-1' } }),
    )
    await page.getByRole('button', { name: 'Export' }).click()
    await page.getByText('The store is away (request r-1)', { exact: true }).waitFor()
    await page.getByRole('link', { name: 'Files' }).click()
    await page.getByRole('button', { name: 'YAML' }).click()
    await page.getByRole('alert').getByText('The store is away', { exact: true }).waitFor()
    await page.unroute('**/export?**')
    const coming = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Try again' }).click()
    expect((await coming).suggestedFilename()).toBe('kept.yaml')
    await page.getByRole('alert').waitFor({ state: 'detached' })
    await closed()
  })

  it('settings are changed, the key is a mask, and a project goes by its name', async () => {
    await provide(service.url, 'set').catch(() =>
      ask('PUT', '/api/projects/set/config', {
        llmSettings: { provider: 'openai', apiKey: 'sk-test-of-load' },
      }),
    )
    await open('/p/set/settings')
    await page.getByText('Stored: sk-t').waitFor()
    await page.getByLabel('Name', { exact: true }).fill('A new name')
    await page.getByLabel('Model that draws').fill('gpt-image-1')
    await page.getByLabel('Most conversations at once').fill('4')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Saved', { exact: true }).waitFor()
    expect(await ask('GET', '/api/projects/set/config')).toMatchObject({
      name: 'A new name',
      maxConcurrency: 4,
      llmSettings: { models: { image: 'gpt-image-1' } },
    })
    await page.getByLabel('Most conversations at once').fill('-1')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('maxConcurrency must be a whole number from 1').waitFor()
    await page.getByRole('button', { name: 'Discard' }).click()
    await page.getByRole('button', { name: 'Delete project' }).click()
    const sure = page.getByRole('dialog').getByRole('button', { name: 'Delete project' })
    expect(await sure.isDisabled()).toBe(true)
    await page.getByLabel('Type the project’s name to go on').fill('A new name')
    await sure.click()
    await page.getByText('Deleted A new name').waitFor()
    const projects = await ask('GET', '/api/projects')
    expect(projects.filter((each: { id: string }) => each.id === 'set')).toEqual([])
    await closed()
  })
})
