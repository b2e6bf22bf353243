import * as access from './access.js'
import type { ErrorEntry } from './error.js'
import * as images from './images.js'
import * as personas from './personas.js'
import * as portraits from './portraits.js'
import * as projects from './projects.js'
import * as provider from './provider.js'
import * as requests from './requests.js'
import * as simulation from './simulation.js'
import * as store from './store.js'

/**
 * Every error of the service, by name. A new one is an entry in the file of its subject: what throws it imports it from
 * there, and the procedures that can return it list it in their `errors`; document, client types and tests follow.
 */
export const catalogue: Readonly<Record<string, ErrorEntry>> = {
  ...requests,
  ...access,
  ...store,
  ...personas,
  ...projects,
  ...images,
  ...portraits,
  ...provider,
  ...simulation,
}

const names = new Map(Object.entries(catalogue).map(([name, entry]) => [entry, name]))

/** The name of an entry, as the code exports it. @throws Error for an entry of another file. */
export function nameOf(entry: ErrorEntry | undefined): string {
  const name = entry && names.get(entry)
  if (name === undefined) throw new Error('An error that is not in the catalogue has no name')
  return name
}

/** Errors that any request can return, whatever it asks for. */
export const ofAnyRequest: readonly ErrorEntry[] = [
  requests.requestTimedOut,
  requests.headersTooLarge,
  requests.serverBusy,
]

/** Errors of a store that cannot be used. */
export const ofStore: readonly ErrorEntry[] = [
  store.databaseUnavailable,
  store.databaseFull,
  store.storageFault,
  store.diskFull,
  store.storeClosed,
]

/** Errors that any procedure can return; the ones of its own stand in its declaration. */
export const ofAnyProcedure: readonly ErrorEntry[] = [
  access.unauthorized,
  access.foreignOrigin,
  access.foreignHost,
  requests.unexpected,
  requests.tooManyLargeRequests,
  requests.tooManyLargeAnswers,
  ...ofStore,
]

/** What the failures of the LLM provider are to callers, the usual ones first. */
export const ofProvider: readonly ErrorEntry[] = [
  ...new Set([
    provider.providerFailed,
    provider.providerQuota,
    provider.contentPolicy,
    provider.providerRate,
    ...Object.values(provider),
  ]),
]

/** Errors of any call to a language model, beside those of its project's settings. */
export const ofChat: readonly ErrorEntry[] = [
  ...ofProvider,
  simulation.chatRate,
  simulation.tooManyChats,
  simulation.conversationTooLong,
  simulation.personaRefused,
  simulation.limitUsedUp,
  simulation.answerWithoutText,
  projects.keyUnreadable,
]
