/** The addresses at which people find the console, as routes have them; the page's own router takes the same. */
export const consoleAddresses = {
  home: '/',
  gallery: '/p/:projectId',
  drafts: '/p/:projectId/drafts',
  files: '/p/:projectId/files',
  settings: '/p/:projectId/settings',
  create: '/p/:projectId/personas/new',
  prompt: '/p/:projectId/personas/:id',
  talk: '/p/:projectId/personas/:id/talk',
  history: '/p/:projectId/personas/:id/history',
  headers: '/p/:projectId/personas/:id/headers',
  use: '/p/:projectId/personas/:id/use',
} as const

/** The name of an address. */
export type ConsoleAddress = keyof typeof consoleAddresses
