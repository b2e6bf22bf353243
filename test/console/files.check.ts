import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ServiceProcess } from '../support/service-process.js'
import { axeFinds, callerOf, create, giveKey, launch, openTab, sites, startSite, type Tab } from './site.js'

let browser: Browser
beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser?.close())

describe.each(sites)('on $name', (site) => {
  let service: ServiceProcess
  const ask = callerOf(() => service.url, site)
  const list = (project: string) => ask('GET', `/api/projects/${project}/personas`)
  beforeAll(async () => {
    service = await startSite(site, {})
  })
  afterAll(() => service?.stopWell())

  async function open(path: string): Promise<{ tab: Tab; page: Page }> {
    const tab = await openTab(browser, service.url, { expects: /status of 40[01]/ })
    await tab.page.goto(path)
    await giveKey(tab.page, site)
    return { tab, page: tab.page }
  }

  async function closed(tab: Tab): Promise<void> {
    expect(await axeFinds(tab.page)).toEqual([])
    expect(tab.faults).toEqual([])
    await tab.close()
  }

  it('a file that is dropped anywhere is shown first, and imported once it is accepted', async () => {
    await create(service.url, 'dropped', [{ name: 'Ida', systemPrompt: 'You are Ida.' }], site.headers)
    const { tab, page } = await open('/p/dropped')
    await page.getByText('Ida').first().waitFor()
    const csv = 'name,systemPrompt,colour\nIda,You are Ida.,red\nOtto,You are Otto.,blue\n,You are nobody.,\n'
    await page.evaluate((text) => {
      const given = new DataTransfer()
      given.items.add(new File([text], 'people.csv'))
      document.body.dispatchEvent(
        new DragEvent('drop', { dataTransfer: given, bubbles: true, cancelable: true }),
      )
    }, csv)
    await page.getByText('1 new, 0 changed, 1 unchanged, 1 with errors.').waitFor()
    expect(page.url()).toMatch(/\/p\/dropped\/files$/)
    const rows = await page.locator('tbody tr:not(.issues)').allInnerTexts()
    expect(rows.map((row) => row.split('\t').slice(0, 3))).toEqual([
      ['1', 'Ida', 'Unchanged'],
      ['2', 'Otto', 'New'],
      ['3', '', 'Fails'],
    ])
    expect(await page.locator('tbody .issues').allInnerTexts()).toEqual([
      expect.stringContaining('colour is not known'),
      expect.stringContaining('colour is not known'),
      expect.stringContaining('Name is required'),
    ])
    expect(await list('dropped')).toHaveLength(1)
    expect(await axeFinds(page)).toEqual([])

    await page.getByRole('button', { name: 'Import 1 persona' }).click()
    await page.getByRole('heading', { name: 'Personas 2' }).waitFor()
    expect((await list('dropped')).map(({ name }: { name: string }) => name)).toEqual(['Ida', 'Otto'])
    await closed(tab)
  })

  it('a file that cannot be read is refused in the words of the service, and discarded', async () => {
    const { tab, page } = await open('/p/broken/files')
    const buffer = Buffer.from('- name: a\n\tb: c\n')
    await page.locator('input[type=file]').setInputFiles({ name: 'broken.yaml', mimeType: '', buffer })
    await page.getByRole('alert').waitFor()
    expect(await page.getByRole('alert').innerText()).toMatch(/line 2/i)
    await page.getByRole('button', { name: 'Nothing to import' }).waitFor()
    await page.getByRole('button', { name: 'Discard' }).click()
    await page.getByRole('alert').waitFor({ state: 'detached' })
    await closed(tab)
  })

  it('all personas are kept as a file of each format', async () => {
    await create(service.url, 'kept', [{ name: 'Ida', systemPrompt: 'You are Ida.' }], site.headers)
    const { tab, page } = await open('/p/kept/files')
    for (const [label, end] of [
      ['JSON', 'json'],
      ['YAML', 'yaml'],
      ['CSV', 'csv'],
    ] as const) {
      const coming = page.waitForEvent('download')
      await page.getByRole('button', { name: label, exact: true }).click()
      expect((await coming).suggestedFilename()).toBe(`kept.${end}`)
    }
    await closed(tab)
  })
})
