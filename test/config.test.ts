import { describe, expect, it } from 'vitest'
import { configWarnings, readConfig } from '../src/config.js'

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
      versionsKept: 100,
      personaModels: ['gpt-5.4-mini', 'gpt-5-mini'],
      chatTimeoutMs: 60_000,
      chatRatePerMinute: 300,
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
        `..=${key}`,
        `.=${key}`,
        `a\u0007b=${key}`,
        `${'p'.repeat(129)}=${key}`,
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
    ['VERSIONS_KEPT', ['0', '-1', '1.5', 'all', '1001']],
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
      VERSIONS_KEPT: '1000',
      PERSONA_MODELS: 'c,d',
      CORS_ORIGINS: 'https://a.example, http://localhost:5173',
      LOG_LEVEL: 'silent',
    })
    expect(config).toMatchObject({
      port: 0,
      apiKeys: [{ key }, { key: `${key}2`, projectId: 'my project' }, { key: `${key}3`, projectId: 'a=b' }],
      imageModels: ['a', 'b'],
      versionsKept: 1_000,
      personaModels: ['c', 'd'],
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

describe('a warning', () => {
  const ours = [
    'PORT HOST DATA_DIR MONGODB_URL SECRET_KEY API_KEYS ALLOW_UNAUTHENTICATED OPENAI_BASE_URL IMAGE_MODELS',
    'IMAGE_TIMEOUT_MS IMAGE_RATE_PER_MINUTE VERSIONS_KEPT CORS_ORIGINS LOG_LEVEL',
  ].flatMap((names) => names.split(' '))

  it.each([
    ['MONGO_URL', 'MONGODB_URL'],
    ['MONGODB_URI', 'MONGODB_URL'],
    ['MONGO_URI', 'MONGODB_URL'],
    ['mongodb_url', 'MONGODB_URL'],
    ['API_KEY', 'API_KEYS'],
    ['APIKEYS', 'API_KEYS'],
    ['PERSONAS_KEY', 'API_KEYS'],
    ['SECRETKEY', 'SECRET_KEY'],
    ['ENCRYPTION_KEY', 'SECRET_KEY'],
    ['CORS_ORIGIN', 'CORS_ORIGINS'],
    ['IMAGE_MODEL', 'IMAGE_MODELS'],
    ['IMAGE_TIMEOUT', 'IMAGE_TIMEOUT_MS'],
    ['OPENAI_API_BASE', 'OPENAI_BASE_URL'],
    ['OPEN_AI_BASE_URL', 'OPENAI_BASE_URL'],
    ['DATADIR', 'DATA_DIR'],
    ['LOGLEVEL', 'LOG_LEVEL'],
    ['ALLOW_UNAUTHENTICATE', 'ALLOW_UNAUTHENTICATED'],
  ])('names the setting that %s may stand for, and never its value', (name, meant) => {
    expect(configWarnings({ [name]: 'hunter2' })).toEqual([
      `${name} is no setting of this service and is ignored: ${meant} may be meant`,
    ])
    expect(configWarnings({ [name]: '' })).toEqual([])
    expect(configWarnings({ [name]: 'hunter2', [meant]: 'set' })).toEqual([])
  })

  it('is not given for our own settings, nor for what has nothing to do with them', () => {
    const others = [
      'NODE_ENV PATH HOME USER HOSTNAME HOSTTYPE PWD SHELL LANG TERM TMPDIR SORT POST HOSTS PORTS CI DEBUG',
      'OPENAI_API_KEY OPENAI_ORG_ID AWS_SECRET_KEY DATABASE_URL REDIS_URL XDG_DATA_DIRS NODE_OPTIONS NO_COLOR',
      'KUBERNETES_SERVICE_PORT npm_config_loglevel http_proxy PERSONAS_API_KEY JAVA_HOME MAIL LOGNAME LS_COLORS',
    ].flatMap((names) => names.split(' '))
    const env = Object.fromEntries([...ours, ...others].map((name) => [name, 'x']))
    expect(configWarnings({ ...env, OPENAI_BASE_URL: 'https://api.example.com/v1' })).toEqual([])
    expect(configWarnings(Object.fromEntries(others.map((name) => [name, 'x'])))).toEqual([])
  })

  it('says that a gateway without a path usually wants one', () => {
    for (const OPENAI_BASE_URL of ['http://localhost:8080', 'https://gateway.example.com/']) {
      const [warning, ...more] = configWarnings({ OPENAI_BASE_URL })
      expect(warning).toMatch(/^OPENAI_BASE_URL has no path: .*\/v1$/)
      expect(more).toEqual([])
    }
    expect(configWarnings({ OPENAI_BASE_URL: 'https://gateway.example.com/v1' })).toEqual([])
  })
})
