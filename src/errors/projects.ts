import { entry } from './error.js'

export const projectNotFound = entry({ code: 'NOT_FOUND', text: 'Project not found' })

export const keyOfOneProject = entry({
  code: 'FORBIDDEN',
  text: 'This API key is limited to one project and cannot create others',
})

export const providerKeyMissing = entry({
  code: 'BAD_REQUEST',
  path: 'llmSettings.apiKey',
  text: 'llmSettings.apiKey is required: no key is stored for this project',
})

export const providerKeyOfAnother = entry({
  code: 'BAD_REQUEST',
  path: 'llmSettings.apiKey',
  text: ({ provider }: { provider: string }) =>
    `llmSettings.apiKey is required: the stored key belongs to "${provider}"`,
  example: { provider: 'anthropic' },
})

export const keyUnreadable = entry({
  code: 'SERVICE_UNAVAILABLE',
  reason: 'key_unreadable',
  text: 'The stored API key can no longer be decrypted: set llmSettings.apiKey of this project again',
})

export const keyFileUnusable = entry({
  code: 'SERVICE_UNAVAILABLE',
  reason: 'key_file',
  text: 'The key file of the service cannot be read or made',
})
