import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { settingNames } from '../../src/config.js'
import * as prompt from '../../src/simulation/prompt.js'
import { type Running, startService } from '../support/helper.js'

const root = new URL('../../', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), 'utf8')
const pages = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...readdirSync(new URL('docs/', root), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(page: string): string[] {
  const headings = [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading)
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

/** What is wrong with a page's link to a file or heading of the project; undefined for nothing. */
function faultOfLink(page: string, target: string): string | undefined {
  const [path = '', anchor] = target.split('#')
  const linked = path === '' ? page : new URL(path, new URL(page, root)).href.slice(root.href.length)
  if (!existsSync(new URL(linked, root))) return `${target} is no file`
  if (anchor !== undefined && !anchorsOf(linked).includes(anchor)) return `${target} is no heading`
  return undefined
}

/** Names of settings that a text has at the beginnings of its lines or cells. */
function namesIn(text: string, pattern: RegExp): string[] {
  const lines = [...text.matchAll(pattern)].map(([, names = '']) => names)
  return lines.flatMap((names) => names.match(/[A-Z][A-Z_]+/g) ?? [])
}

describe.each(pages)('%s', (page) => {
  const text = read(page)

  it('links to what is there', () => {
    const targets = [...text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, target = '']) => target)
    expect(targets.flatMap((target) => faultOfLink(page, target) ?? [])).toEqual([])
  })

  it('names files and folders that are there', () => {
    const paths = [
      ...text.matchAll(/(?<![\w./-])((?:src|test|scripts|bench|docs|\.ci|\.github)\/[\w./-]*[\w-])/g),
    ]
    const missing = paths.map(([path]) => path).filter((path) => !existsSync(new URL(path, root)))
    expect([...new Set(missing)]).toEqual([])
  })

  it('names scripts of package.json', () => {
    const scripts = Object.keys(JSON.parse(read('package.json')).scripts)
    const named = [...text.matchAll(/npm run (?:-s )?([\w:-]+)/g)].map(([, name = '']) => name)
    expect(named.filter((name) => !scripts.includes(name))).toEqual([])
  })
})

describe('every setting of the service', () => {
  const sorted = [...settingNames].sort()

  it('stands in the table of the README', () => {
    const [, table = ''] = read('README.md').split('## Configuration')
    const settings = table.split('\n## ')[0] ?? ''
    expect(namesIn(settings, /^\|((?: ?`[A-Z_]+`,?)+) \|/gm).sort()).toEqual(sorted)
  })

  it('stands in .env.example', () => {
    expect(namesIn(read('.env.example'), /^([A-Z_]+)=/gm).sort()).toEqual(sorted)
  })

  it('is passed on by compose.yaml, but for those that it or the image decides', () => {
    const [, service = ''] = read('compose.yaml').split('environment:\n')
    const decided = ['ALLOW_UNAUTHENTICATED', 'DATA_DIR', 'HOST', 'PORT']
    const passed = namesIn(service.split('    ports:')[0] ?? '', /^ {6}([A-Z_]+):/gm)
    expect([...passed, ...decided].sort()).toEqual(sorted)
  })
})

describe('docs/simulation.md', () => {
  it('says of every sentence of the prompt why it is there', () => {
    const { TASK, PERSON, RULES, OWN_LANGUAGE, OF_SCENE, TURN, MARKS } = prompt
    const rows = new Set(
      [...read('docs/simulation.md').matchAll(/^\| (.+) \| .+ \|$/gm)].map(([, text]) => text),
    )
    const sentences = [TASK, ...PERSON, ...RULES, OWN_LANGUAGE, OF_SCENE, ...TURN, MARKS]
    expect(sentences.filter((sentence) => !rows.has(sentence))).toEqual([])
  })
})

describe('docs/operating.md', () => {
  let service: Running
  beforeAll(async () => {
    service = await startService()
  })
  afterAll(() => service.close())

  it('names every metric of the service, and every limit', async () => {
    const metrics = await (await service.send('/metrics')).text()
    const own = [...metrics.matchAll(/^# TYPE ((?!process_|nodejs_)\w+)/gm)].map(([, name = '']) => name)
    const limits = [...metrics.matchAll(/^limit_capacity\{limit="(\w+)"/gm)].map(([, name = '']) => name)
    expect([own.length > 3, limits.length > 10]).toEqual([true, true])
    const page = read('docs/operating.md')
    expect([...own, ...limits].filter((name) => !page.includes(`\`${name}\``))).toEqual([])
  })
})
