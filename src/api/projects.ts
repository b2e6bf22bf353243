import { z } from 'zod'
import {
  keyFileUnusable,
  keyOfOneProject,
  projectNotFound,
  providerKeyMissing,
  providerKeyOfAnother,
} from '../errors/projects.js'
import {
  createProjectInput,
  type Project,
  project,
  projectConfig,
  projectInput,
  projectList,
  updateConfigInput,
} from '../projects/schema.js'
import { keyProcedure, projectProcedure, router } from './trpc.js'

const PROJECTS = '/api/projects'
const PROJECT = '/api/projects/{projectId}'
const CONFIG = '/api/projects/{projectId}/config'
const tags = ['Projects']

export const projectsRouter = router({
  list: keyProcedure
    .meta({
      openapi: {
        method: 'GET',
        path: PROJECTS,
        operationId: 'listProjects',
        tags,
        summary: 'List projects',
        successDescription: 'The projects, oldest first',
        description:
          'Every project under whose id anything is stored, the one with the oldest persona, image or registration ' +
          'first. One that was never registered has its id as its name. A key that opens one project sees that one.',
      },
      rest: { status: 200 },
      mcp: {},
    })
    .input(z.object({}).optional())
    .output(projectList)
    .query(async ({ ctx }) =>
      ctx.lists.show<Project>(await ctx.services.projects.list(ctx.access, ctx.lists)),
    ),

  create: keyProcedure
    .meta({
      openapi: {
        method: 'POST',
        path: PROJECTS,
        operationId: 'createProject',
        tags,
        summary: 'Register a project',
        successDescription: 'The new project',
        description:
          'Gives a new project an id. No project needs to be registered before something is stored in it.',
      },
      rest: { status: 201 },
      errors: [keyOfOneProject],
      invalid: { name: '' },
    })
    .input(createProjectInput)
    .output(project)
    .mutation(({ ctx, input }) => ctx.services.projects.create(input, ctx.access)),

  getConfig: projectProcedure
    .meta({
      openapi: {
        method: 'GET',
        path: CONFIG,
        operationId: 'getProjectConfig',
        tags,
        summary: 'Get a project’s settings',
        successDescription: 'The settings',
        description: 'The name and the LLM provider settings. The API key is shown as a mask.',
      },
      rest: { status: 200 },
    })
    .input(projectInput)
    .output(projectConfig)
    .query(({ ctx, input }) => ctx.services.projects.getConfig(input)),

  updateConfig: projectProcedure
    .meta({
      openapi: {
        method: 'PUT',
        path: CONFIG,
        operationId: 'updateProjectConfig',
        tags,
        summary: 'Change a project’s settings',
        successDescription: 'The settings as they are now',
        description:
          'Changes the fields given and registers the project if need be. Of `llmSettings`, models that are left out ' +
          'stay, and so does the key where `apiKey` is left out, empty or its mask; a key belongs to its provider, ' +
          'so another `provider` needs another key. `null` removes a model, all of them, or the settings.',
      },
      rest: { status: 200 },
      errors: [providerKeyMissing, providerKeyOfAnother, keyFileUnusable],
    })
    .input(updateConfigInput)
    .output(projectConfig)
    .mutation(({ ctx, input }) => ctx.services.projects.updateConfig(input)),

  delete: projectProcedure
    .meta({
      openapi: {
        method: 'DELETE',
        path: PROJECT,
        operationId: 'deleteProject',
        tags,
        summary: 'Delete a project',
        successDescription: 'The project is deleted',
        description: 'Deletes the project with its personas, images and settings.',
      },
      rest: { status: 204 },
      errors: [projectNotFound],
    })
    .input(projectInput)
    .output(z.void())
    .mutation(({ ctx, input }) => ctx.services.projects.delete(input)),
})
