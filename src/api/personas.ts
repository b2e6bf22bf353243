import { z } from 'zod'
import {
  createPersonaInput,
  deletePersonaInput,
  listPersonasInput,
  mergedHeaders,
  mergeHeadersInput,
  persona,
  personaInput,
  personaList,
  personaPage,
  updatePersonaInput,
} from '../personas/schema.js'
import { projectProcedure, router } from './trpc.js'

const PERSONAS = '/api/projects/{projectId}/personas'
const PERSONA = '/api/projects/{projectId}/personas/{id}'
const tags = ['Personas']

const TOO_LARGE = 'limit is needed: the list is too large for one answer'
const NOT_FOUND = 'Persona not found'
const TAKEN = 'Persona with name "impatient-user" already exists'
const STALE = 'Persona has changed since; read it again before you change it'
const AMBIGUOUS = 'id 987fcdeb is ambiguous: 2 personas have ids that begin with it'

export const personasRouter = router({
  list: projectProcedure
    .meta({
      openapi: {
        method: 'GET',
        path: PERSONAS,
        operationId: 'listPersonas',
        tags,
        summary: 'List personas',
        successDescription: 'The personas, oldest first',
        description:
          'The project’s personas in order of creation. Without parameters it answers all of them, up to 10,000 and 64 MiB. ' +
          '`limit` and `cursor` page through them; `Link` carries the next page where there is one. ' +
          'A page has at most 16 MiB, and so may have fewer than `limit`. ' +
          'A project that holds nothing answers an empty list.',
      },
      rest: {
        status: 200,
        pages: true,
        errors: { 400: ['limit must be a whole number from 1 to 500', TOO_LARGE] },
      },
    })
    .input(listPersonasInput)
    .output(personaList)
    .query(async ({ ctx, input }) => ctx.lists.show(await ctx.personas.page(input, ctx.lists))),

  // The twin of REST's Link header for tRPC callers.
  page: projectProcedure
    .input(listPersonasInput)
    .output(personaPage)
    .query(async ({ ctx, input }) => {
      const page = await ctx.personas.page(input, ctx.lists)
      const items = ctx.lists.show(page)
      return page.nextCursor === undefined ? { items } : { items, nextCursor: page.nextCursor }
    }),

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
      rest: { status: 201, etag: true, errors: { 400: 'Name is required', 409: TAKEN } },
    })
    .input(createPersonaInput)
    .output(persona)
    .mutation(({ ctx, input }) => ctx.personas.create(input)),

  get: projectProcedure
    .meta({
      openapi: {
        method: 'GET',
        path: PERSONA,
        operationId: 'getPersona',
        tags,
        summary: 'Get a persona',
        successDescription: 'The persona',
        description: 'Answers one persona, by its id or an unambiguous prefix of it.',
      },
      rest: { status: 200, etag: true, errors: { 400: AMBIGUOUS, 404: NOT_FOUND } },
    })
    .input(personaInput)
    .output(persona)
    .query(({ ctx, input }) => ctx.personas.get(input)),

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
      rest: {
        status: 200,
        etag: true,
        ifMatch: true,
        errors: { 400: [AMBIGUOUS, 'name must be a string'], 404: NOT_FOUND, 409: TAKEN, 412: STALE },
      },
    })
    .input(updatePersonaInput)
    .output(persona)
    .mutation(({ ctx, input }) => ctx.personas.update(input)),

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
      rest: { status: 204, ifMatch: true, errors: { 400: AMBIGUOUS, 404: NOT_FOUND, 412: STALE } },
    })
    .input(deletePersonaInput)
    .output(z.void())
    .mutation(({ ctx, input }) => ctx.personas.delete(input)),

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
      rest: {
        status: 200,
        takesLong: true,
        etag: true,
        errors: {
          400: ['Persona has no system prompt', 'No LLM provider configured', 'LLM provider is not OpenAI'],
          404: NOT_FOUND,
          422: [
            'The image provider’s content policy refused this portrait: it gave no reason',
            'The image provider cannot use style reference a1b2c3d4-e5f6-4890-abcd-ef1234567890.png ' +
              '(it gave no reason); remove or replace it',
          ],
          429: [
            'Too many portraits for this project: at most 20 a minute',
            'The image provider limits the rate of requests; try again in 20 s',
          ],
          502: [
            'The image provider failed with status 500; try again later',
            'The image provider answered with status 404; check OPENAI_BASE_URL: gateways want their path in it, such as /v1',
          ],
          503: [
            'The image provider account is out of quota or at its spending limit; raise it there',
            'The image provider is overloaded; try again in 20 s',
            'The image provider serves none of these models to this key: gpt-image-1; ' +
              'check the API key and the image model in the project’s llmSettings',
            'The stored API key can no longer be decrypted: set llmSettings.apiKey of this project anew',
            'Too many portraits are being drawn; try again in half a minute',
            'The service is stopping, and began no portrait; try again in 10 s',
          ],
          504: 'The image provider did not finish within 180 s; try again later',
        },
      },
    })
    .input(personaInput)
    .output(persona)
    .mutation(async ({ ctx, input }) => ctx.lists.room(await ctx.portraits.generate(input))),

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
      rest: { status: 200, errors: { 400: 'headers is required', 404: NOT_FOUND } },
    })
    .input(mergeHeadersInput)
    .output(mergedHeaders)
    // Changes nothing, but its input outgrows a query string; REST posts it too.
    .mutation(({ ctx, input }) => ctx.personas.mergeHeaders(input)),
})
