import { entry } from './error.js'

export const unauthorized = entry({
  code: 'UNAUTHORIZED',
  text: 'A valid API key is needed: send it as "Authorization: Bearer <key>"',
})

export const otherProject = entry({
  code: 'FORBIDDEN',
  text: 'This API key opens another project only',
})

export const metricsNeedKey = entry({ code: 'UNAUTHORIZED', text: 'Metrics need an API key' })

export const metricsNeedGeneralKey = entry({
  code: 'FORBIDDEN',
  text: 'Metrics need an API key that is not limited to one project',
})

const NAME_IT = 'if a page or a proxy of yours sent it, name its origin in CORS_ORIGINS'

export const foreignOrigin = entry({
  code: 'FORBIDDEN',
  reason: 'origin_refused',
  text: `Origin is not the service’s own; ${NAME_IT}`,
})

export const foreignHost = entry({
  code: 'FORBIDDEN',
  reason: 'origin_refused',
  text: `Host names another machine than this service; ${NAME_IT}`,
})
