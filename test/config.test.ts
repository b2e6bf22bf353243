import { describe, expect, it } from 'vitest'
import { readConfig } from '../src/config.js'

const key = 'abcdefghijklmnop'
const hex = 'ab'.repeat(32)
const base64 = Buffer.alloc(32, 7).toString('base64')

describe('without variables', () => {
  it('the defaults are those of the README, and empty variables count as none', () => {
    const defaults = {
      port: 3000,
      host: 'localhost',
      dataDir: './data',
      mongodbUrl: undefined,
      secretKey: undefined,
      apiKeys: undefined,
      openaiBaseUrl: undefined,
      imageModels: ['gpt-image-1', 'gpt-image-2.6-flare', 'gpt-image-2.5-flare'],
      imageTimeoutMs: 180_000,
      imageRatePerMinute: 20,
      corsOrigins: [],
      logLevel: 'info',
    }
    expect(readConfig({})).toEqual(defaults)
    const empty = Object.keys(defaults).map((name) => name.replaceAll(/[A-Z]/g, '_$&').toUpperCase())
    expect(readConfig(Object.fromEntries(empty.map((name) => [name, ''])))).toEqual(defaults)
  })
})

describe('a wrong value stops the start with one line that names the variable and not the value:', () => {
  it.each([
    ['PORT', ['-1', '65536', '3000.5', '0x10', 'http', '3000 ', '1e3', '٣']],
    [
      'MONGODB_URL',
      ['localhost:27017', 'mongo://user:hunter2@host', 'http://user:hunter2@host', ' mongodb://host'],
    ],
    [
      'SECRET_KEY',
      ['hunter2', hex.slice(1), `${hex}ab`, `g${hex.slice(1)}`, base64.slice(4), `${base64}AAAA`],
    ],
    [
      'API_KEYS',
      [
        'hunter2',
        ',',
        `${key} ${key}`,
        `${key},hunter2`,
        `${key},${key}`,
        `=${key}`,
        `p=hunter2`,
        `${key};x`,
        `p=${key},q=${key}`,
        `${key}\u00e9`,
      ],
    ],
    ['ALLOW_UNAUTHENTICATED', ['TRUE', '1', 'yes', 'true ']],
    [
      'OPENAI_BASE_URL',
      ['api.openai.com', 'ftp://host', 'http://', 'https://user name@', 'file:///etc/passwd'],
    ],
    ['IMAGE_MODELS', [',', ' ', ' , ,']],
    ['IMAGE_TIMEOUT_MS', ['0', '-5', '1.5', 'soon', '3600001', '1e3']],
    ['IMAGE_RATE_PER_MINUTE', ['0', '-5', 'many', '100001']],
    [
      'CORS_ORIGINS',
      [
        '*',
        'app.other.test',
        'https://app.other.test/',
        'https://app.other.test/path',
        'https://a.example,nonsense',
        'null',
        'https://A.example',
      ],
    ],
    ['LOG_LEVEL', ['loud', 'INFO', 'info,debug']],
  ])('%s', (variable, values) => {
    for (const value of values) {
      let message = ''
      try {
        readConfig({ [variable]: value })
      } catch (error) {
        message = error instanceof Error ? error.message : ''
      }
      expect([value, message]).toEqual([value, expect.stringMatching(new RegExp(`^${variable} (must|is) `))])
      expect(message).not.toContain('\n')
      if (value.trim().length > 4) expect(message).not.toContain(value.trim())
      expect(message).not.toContain('hunter2')
    }
  })
})

describe('right values', () => {
  it('of every variable are taken', () => {
    const config = readConfig({
      PORT: '0',
      HOST: '127.0.0.2',
      DATA_DIR: '/tmp/x',
      MONGODB_URL: 'mongodb+srv://u:p@host/db',
      SECRET_KEY: hex,
      API_KEYS: `${key}, my project=${key}2 ,a=b=${key}3,`,
      OPENAI_BASE_URL: 'http://127.0.0.1:8080/v1',
      IMAGE_MODELS: 'a, b',
      IMAGE_TIMEOUT_MS: '1000',
      IMAGE_RATE_PER_MINUTE: '1',
      CORS_ORIGINS: 'https://a.example, http://localhost:5173',
      LOG_LEVEL: 'silent',
    })
    expect(config).toMatchObject({
      port: 0,
      apiKeys: [{ key }, { key: `${key}2`, projectId: 'my project' }, { key: `${key}3`, projectId: 'a=b' }],
      imageModels: ['a', 'b'],
      corsOrigins: ['https://a.example', 'http://localhost:5173'],
    })
    expect(config.secretKey?.toString('hex')).toBe(hex)
    expect(readConfig({ SECRET_KEY: base64 }).secretKey?.toString('base64')).toBe(base64)
  })
})

describe('listening beyond loopback', () => {
  it.each([
    '0.0.0.0',
    '::',
    '192.0.2.1',
    'example.com',
    '128.0.0.1',
    '::ffff:192.0.2.1',
    'localhost.example.com',
    '127.0.0.1.example.com',
  ])('at %s needs keys, or the word that it is meant', (HOST) => {
    expect(() => readConfig({ HOST })).toThrow(/^HOST is reachable from other machines: set API_KEYS/)
    expect(() => readConfig({ HOST, ALLOW_UNAUTHENTICATED: 'false' })).toThrow(/^HOST/)
    expect(readConfig({ HOST, ALLOW_UNAUTHENTICATED: 'true' }).apiKeys).toBeUndefined()
    expect(readConfig({ HOST, API_KEYS: key }).apiKeys).toHaveLength(1)
  })

  it.each(['localhost', '127.0.0.1', '127.1.2.3', '::1'])('at %s is not', (HOST) => {
    expect(readConfig({ HOST }).host).toBe(HOST)
  })
})
