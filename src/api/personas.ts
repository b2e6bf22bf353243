import { z } from 'zod'
import { ofChat, ofProvider } from '../errors/catalogue.js'
import { tooManyPictures, tooManyPicturesRead } from '../errors/images.js'
import {
  ambiguousId,
  badCursor,
  nameTaken,
  needsLimit,
  personaNotFound,
  stale,
  versionNotFound,
} from '../errors/personas.js'
import {
  answerNotBase64,
  answerUnreadable,
  answerWithLink,
  answerWithoutPicture,
  badReference,
  noProvider,
  noSystemPrompt,
  notOpenAi,
  portraitGivenUp,
  portraitRate,
  stoppingBeforePortrait,
  tooManyPortraits,
} from '../errors/portraits.js'
import { keyUnreadable } from '../errors/projects.js'
import { answerCut, answerMalformed } from '../errors/simulation.js'
import {
  createPersonaInput,
  deletePersonaInput,
  listPersonasInput,
  listTagsInput,
  mergedHeaders,
  mergeHeadersInput,
  type Persona,
  persona,
  personaInput,
  personaList,
  personaPage,
  type TagCount,
  tagCounts,
  updatePersonaInput,
} from '../personas/schema.js'
import { MAX_SPELLINGS } from '../personas/search.js'
import {
  getPersonaInput,
  listVersionsInput,
  type PersonaVersion,
  personaVersionPage,
  personaVersions,
  revertPersonaInput,
} from '../personas/versions.js'
import { generateInput, personaDrafts } from '../simulation/draft-schema.js'
import { personaPrompt, personaTurn, promptInput, simulateInput } from '../simulation/schema.js'
import type { JsonPage } from '../store/store.js'
import { importPersonas } from './files.js'
import { type Context, projectProcedure, router } from './trpc.js'

const PERSONAS = '/api/projects/{projectId}/personas'
const PERSONA = '/api/projects/{projectId}/personas/{id}'
const tags = ['Personas']

/** A page as tRPC callers get it: with the cursor that REST has in `Link`. */
function pageOf<T>(page: JsonPage, lists: Context['lists']) {
  const items = lists.show<T>(page)
  return page.nextCursor === undefined ? { items } : { items, nextCursor: page.nextCursor }
}

/** The signal of a call that nobody gives up. */
const NEVER = new AbortController().signal

export const personasRouter = router({
  list: projectProcedure
    .meta({
      openapi: {
        method: 'GET',
        path: PERSONAS,
        operationId: 'listPersonas',
        tags,
        summary: 'List personas',
        successDescription: 'The personas, oldest first unless `sort` says otherwise',
        description:
          'The project’s personas in order of creation. Without parameters it answers all of them, up to 10,000 and 64 MiB. ' +
          '`tag` (in tRPC `tags`), `q` and `name` leave those for which all of them hold; `sort` orders them. ' +
          '`limit` and `cursor` page through them; where there is a next page, `Link` leads to it and `X-Next-Cursor` ' +
          'is its cursor. ' +
          'A cursor is for the same filters and order. ' +
          'A page has at most 16 MiB, and so may have fewer than `limit`. ' +
          'A project that holds nothing answers an empty list.',
      },
      rest: { status: 200, pages: true, names: { tags: 'tag' } },
      errors: [badCursor, needsLimit],
      invalid: { limit: 0 },
    })
    .input(listPersonasInput)
    .output(personaList)
    .query(async ({ ctx, input }) =>
      ctx.lists.show<Persona>(await ctx.services.personas.page(input, ctx.lists)),
    ),

  // The twin of REST's Link header for tRPC callers.
  page: projectProcedure
    .meta({
      mcp: {
        name: 'personas_list',
        title: 'Find personas',
        description:
          'The personas of a project, a page at a time, without their system prompts unless `full` is true. `tags`, `q` ' +
          '(words in name, description and tags) and `name` narrow them down. `nextCursor` of one page is the `cursor` of the next.',
        brief: { without: ['systemPrompt', 'headers', 'metadata'], limit: 20 },
      },
      errors: [badCursor, needsLimit],
      invalid: { limit: 0 },
    })
    .input(listPersonasInput)
    .output(personaPage)
    .query(async ({ ctx, input }) =>
      pageOf<Persona>(await ctx.services.personas.page(input, ctx.lists), ctx.lists),
    ),

  tags: projectProcedure
    .meta({
      openapi: {
        method: 'GET',
        path: '/api/projects/{projectId}/tags',
        operationId: 'listTags',
        tags,
        summary: 'List tags',
        successDescription: 'The tags, the most used first',
        description:
          'The tags of the project’s personas, and how many personas have each. Tags that differ in case alone are one, ' +
          'shown as it is most often spelled. The most used come first; of those used as much, the first by Unicode ' +
          `code point. Of more than ${MAX_SPELLINGS.toLocaleString('en-US')} spellings, the most used ones are counted.`,
      },
      rest: { status: 200 },
      mcp: {},
    })
    .input(listTagsInput)
    .output(tagCounts)
    .query(async ({ ctx, input }) =>
      ctx.lists.show<TagCount>(await ctx.services.personas.tags(input, ctx.lists)),
    ),

  create: projectProcedure
    .meta({
      openapi: {
        method: 'POST',
        path: PERSONAS,
        operationId: 'createPersona',
        tags,
        summary: 'Create a persona',
        successDescription: 'The new persona',
        description: 'Creates a persona. Its name must be new in the project.',
      },
      rest: { status: 201, etag: true },
      mcp: { effect: 'adds' },
      errors: [nameTaken],
      invalid: { name: '' },
    })
    .input(createPersonaInput)
    .output(persona)
    .mutation(({ ctx, input }) => ctx.services.personas.create(input)),

  import: importPersonas,

  get: projectProcedure
    .meta({
      openapi: {
        method: 'GET',
        path: PERSONA,
        operationId: 'getPersona',
        tags,
        summary: 'Get a persona',
        successDescription: 'The persona',
        description:
          'Answers one persona, by its id or an unambiguous prefix of it. With `version` it answers the persona as that ' +
          'version was, without `imageUrl`: portraits are not part of the history.',
      },
      rest: { status: 200, etag: true },
      mcp: { portrait: true },
      errors: [personaNotFound, versionNotFound, ambiguousId],
      invalid: { version: 0 },
    })
    .input(getPersonaInput)
    .output(persona)
    .query(({ ctx, input }) => ctx.services.personas.get(input)),

  update: projectProcedure
    .meta({
      openapi: {
        method: 'PUT',
        path: PERSONA,
        operationId: 'updatePersona',
        tags,
        summary: 'Update a persona',
        successDescription: 'The persona as it is now',
        description:
          'Changes the fields given and leaves the others. `null` clears a field; `headers` is replaced whole. ' +
          'A portrait that is no longer shown by any persona is deleted.',
      },
      rest: { status: 200, etag: true, ifMatch: true },
      mcp: { effect: 'changes', idempotent: true },
      errors: [personaNotFound, ambiguousId, nameTaken, stale],
      invalid: { name: '' },
    })
    .input(updatePersonaInput)
    .output(persona)
    .mutation(({ ctx, input }) => ctx.services.personas.update(input)),

  versions: projectProcedure
    .meta({
      openapi: {
        method: 'GET',
        path: `${PERSONA}/versions`,
        operationId: 'listPersonaVersions',
        tags,
        summary: 'List versions',
        successDescription: 'The versions, newest first',
        description:
          'The versions of a persona that are kept, from the current one on: up to `VERSIONS_KEPT` (100 unless it is set). ' +
          '`limit` and `cursor` page through them; `Link` carries the next page where there is one.',
      },
      rest: { status: 200, pages: true },
      errors: [personaNotFound, badCursor, ambiguousId],
      invalid: { limit: 0 },
    })
    .input(listVersionsInput)
    .output(personaVersions)
    .query(async ({ ctx, input }) =>
      ctx.lists.show<PersonaVersion>(await ctx.services.personas.versions(input, ctx.lists)),
    ),

  // The twin of REST's Link header for tRPC callers.
  versionsPage: projectProcedure
    .meta({
      mcp: {
        name: 'personas_versions',
        title: 'List the versions of a persona',
        description:
          'The versions of a persona, the current one first, a page at a time; without their system prompts unless `full` is true.',
        brief: { without: ['systemPrompt', 'headers', 'metadata'], limit: 20 },
      },
      errors: [personaNotFound, badCursor, ambiguousId],
      invalid: { limit: 0 },
    })
    .input(listVersionsInput)
    .output(personaVersionPage)
    .query(async ({ ctx, input }) =>
      pageOf<PersonaVersion>(await ctx.services.personas.versions(input, ctx.lists), ctx.lists),
    ),

  revert: projectProcedure
    .meta({
      openapi: {
        method: 'POST',
        path: `${PERSONA}/revert`,
        operationId: 'revertPersona',
        tags,
        summary: 'Revert to a version',
        successDescription: 'The persona as it is now',
        description:
          'Gives a persona the content of a version again, as a new version. `imageUrl` stays as it is. ' +
          'Where the persona has that content, nothing changes.',
      },
      rest: { status: 200, etag: true, ifMatch: true },
      mcp: { effect: 'changes', idempotent: true },
      errors: [personaNotFound, versionNotFound, ambiguousId, nameTaken, stale],
      invalid: { version: 0 },
    })
    .input(revertPersonaInput)
    .output(persona)
    .mutation(({ ctx, input }) => ctx.services.personas.revert(input)),

  delete: projectProcedure
    .meta({
      openapi: {
        method: 'DELETE',
        path: PERSONA,
        operationId: 'deletePersona',
        tags,
        summary: 'Delete a persona',
        successDescription: 'The persona is deleted',
        description: 'Deletes a persona, and its portrait unless another persona of the project shows it.',
      },
      rest: { status: 204, ifMatch: true },
      mcp: { effect: 'changes', idempotent: true },
      errors: [personaNotFound, ambiguousId, stale],
    })
    .input(deletePersonaInput)
    .output(z.void())
    .mutation(({ ctx, input }) => ctx.services.personas.delete(input)),

  generateImage: projectProcedure
    .meta({
      openapi: {
        method: 'POST',
        path: `${PERSONA}/generate-image`,
        operationId: 'generatePersonaImage',
        tags,
        summary: 'Generate a portrait',
        successDescription: 'The persona with its new portrait',
        description:
          'Draws a portrait of the persona with OpenAI’s image API, in the style of the project’s style references ' +
          'where it has any, and answers the persona with its new `imageUrl`. Needs `llmSettings` of provider ' +
          '`openai`. A second call for the same persona while one runs waits for that one. It is never tried again ' +
          'by itself, as a failed call may have been billed.',
      },
      rest: { status: 200, takesLong: true, etag: true },
      mcp: { effect: 'changes', costs: true, portrait: true },
      errors: [
        personaNotFound,
        ambiguousId,
        noSystemPrompt,
        noProvider,
        notOpenAi,
        ...ofProvider,
        badReference,
        answerWithoutPicture,
        answerWithLink,
        answerNotBase64,
        answerUnreadable,
        keyUnreadable,
        portraitRate,
        tooManyPortraits,
        tooManyPictures,
        tooManyPicturesRead,
        stoppingBeforePortrait,
        portraitGivenUp,
      ],
    })
    .input(personaInput)
    .output(persona)
    .mutation(async ({ ctx, input }) => ctx.lists.room(await ctx.services.portraits.generate(input))),

  mergeHeaders: projectProcedure
    .meta({
      openapi: {
        method: 'POST',
        path: `${PERSONA}/merge-headers`,
        operationId: 'mergePersonaHeaders',
        tags,
        summary: 'Merge headers',
        successDescription: 'The merged headers',
        description:
          'The headers of a request made as this persona: the connector’s with the persona’s merged over them. ' +
          'Names compare without case; the persona’s value and spelling win.',
      },
      rest: { status: 200 },
      mcp: { effect: 'none' },
      errors: [personaNotFound, ambiguousId],
      invalid: { headers: 'X-User-Language: de' },
    })
    .input(mergeHeadersInput)
    .output(mergedHeaders)
    // Changes nothing, but its input outgrows a query string; REST posts it too.
    .mutation(({ ctx, input }) => ctx.services.personas.mergeHeaders(input)),

  prompt: projectProcedure
    .meta({
      openapi: {
        method: 'GET',
        path: `${PERSONA}/prompt`,
        operationId: 'getPersonaPrompt',
        tags,
        summary: 'Show the prompt of a simulation',
        successDescription: 'The system message',
        description:
          'The system message with which `simulate` has the model play this persona. It calls no model, and costs nothing.',
      },
      rest: { status: 200 },
      mcp: {},
      errors: [personaNotFound, ambiguousId, noSystemPrompt],
    })
    .input(promptInput)
    .output(personaPrompt)
    .query(({ ctx, input }) => ctx.services.simulation.prompt(input)),

  simulate: projectProcedure
    .meta({
      openapi: {
        method: 'POST',
        path: `${PERSONA}/simulate`,
        operationId: 'simulatePersona',
        tags,
        summary: 'Speak as a persona',
        successDescription: 'The persona’s next turn',
        description:
          'The persona’s next message to the agent under test, from the project’s language model. `messages` is the ' +
          'conversation as the agent sees it: `user` is the persona, `assistant` the agent, whose message is the last. ' +
          'Without messages the persona opens. Needs `llmSettings` of provider `openai`. It is never tried again by ' +
          'itself, as a failed call may have been billed.',
      },
      rest: { status: 200, takesLong: true },
      mcp: { effect: 'none', costs: true },
      errors: [
        personaNotFound,
        ambiguousId,
        noSystemPrompt,
        noProvider,
        notOpenAi,
        ...ofChat,
        answerCut,
        answerMalformed,
      ],
      invalid: { maxTurns: 0 },
    })
    .input(simulateInput)
    .output(personaTurn)
    .mutation(async ({ ctx, input, signal }) =>
      ctx.lists.room(await ctx.services.simulation.simulate(input, signal ?? NEVER)),
    ),

  generate: projectProcedure
    .meta({
      openapi: {
        method: 'POST',
        path: `${PERSONAS}/generate`,
        operationId: 'generatePersonas',
        tags,
        summary: 'Draft personas',
        successDescription: 'The drafts',
        description:
          'Drafts of personas that cover a brief rather than resemble each other, written by the project’s language ' +
          'model. The values that they combine are spread evenly over the axes, by the seed. Nothing is stored: create ' +
          'the ones that you want.',
      },
      rest: { status: 200, takesLong: true },
      mcp: { effect: 'none', costs: true },
      errors: [noProvider, notOpenAi, ...ofChat, answerCut, answerMalformed],
      invalid: { count: 0 },
    })
    .input(generateInput)
    .output(personaDrafts)
    .mutation(async ({ ctx, input, signal }) =>
      ctx.lists.room(await ctx.services.drafts.generate(input, signal ?? NEVER)),
    ),
})
