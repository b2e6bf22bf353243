import { z } from 'zod'
import {
  fileNotAPicture,
  fileTooLargeEncoded,
  imageNotFound,
  notAPicture,
  notBase64,
  tooLargeEncoded,
  tooManyPictures,
} from '../errors/images.js'
import {
  imageIds,
  imageInput,
  listImagesInput,
  uploadedImage,
  uploadImageFileInput,
  uploadImageInput,
} from '../images/schema.js'
import type { Operation } from './operations.js'
import { projectProcedure, router } from './trpc.js'

const IMAGES = '/api/projects/{projectId}/images'
const tags = ['Images']

/** Largest request that carries an image, in bytes: 10 MiB in base64 and its surroundings. */
export const UPLOAD_LIMIT = 15 * 1024 * 1024

const UPLOAD =
  'Stores a PNG, JPEG or WebP picture of at most 10 MiB and 24 megapixels. It is judged by its content and ' +
  're-encoded: nothing but pixels is kept.'

/**
 * The upload of a picture as it is, whose bytes have no place in tRPC: its route (http/images.ts) and its part of the
 * document (openapi/paths.ts) are made from this.
 */
export const uploadImageFile = {
  input: uploadImageFileInput,
  output: uploadedImage,
  openapi: {
    method: 'POST',
    path: `${IMAGES}/file`,
    operationId: 'uploadImageFile',
    tags,
    summary: 'Upload an image file',
    successDescription: 'The id of the stored image',
    description: `${UPLOAD} The picture itself is the body, of whatever image type it says it is.`,
  },
  rest: {
    status: 201,
    bodyLimit: UPLOAD_LIMIT,
    contentTypes: 'an image type or application/octet-stream, with the picture itself as the body',
  },
  errors: [fileNotAPicture, fileTooLargeEncoded, tooManyPictures],
  fields: uploadImageFileInput.shape,
  invalid: { role: 'portrait' },
} as const satisfies Partial<Operation> & { input: z.ZodType; output: z.ZodType }

export const imagesRouter = router({
  upload: projectProcedure
    .meta({
      openapi: {
        method: 'POST',
        path: IMAGES,
        operationId: 'uploadImage',
        tags,
        summary: 'Upload an image',
        successDescription: 'The id of the stored image',
        description: `${UPLOAD} Here it comes as base64; \`uploadImageFile\` takes it as it is.`,
      },
      rest: {
        status: 201,
        takesLong: true,
        bodyLimit: UPLOAD_LIMIT,
        contentTypes: 'application/json; a picture itself goes to …/images/file',
      },
      errors: [notAPicture, notBase64, tooLargeEncoded, tooManyPictures],
    })
    .input(uploadImageInput)
    .output(uploadedImage)
    .mutation(async ({ ctx, input, signal }) =>
      ctx.lists.room(await ctx.services.images.upload(input, signal)),
    ),

  list: projectProcedure
    .meta({
      openapi: {
        method: 'GET',
        path: IMAGES,
        operationId: 'listImages',
        tags,
        summary: 'List images',
        successDescription: 'The ids, oldest first',
        description: 'Ids of the project’s images, or of those of one role, oldest first.',
      },
      rest: { status: 200 },
      invalid: { role: 'portrait' },
    })
    .input(listImagesInput)
    .output(imageIds)
    .query(({ ctx, input }) => ctx.services.images.list(input)),

  delete: projectProcedure
    .meta({
      openapi: {
        method: 'DELETE',
        path: `${IMAGES}/{imageId}`,
        operationId: 'deleteImage',
        tags,
        summary: 'Delete an image',
        successDescription: 'The image is deleted',
        description: 'Deletes an image. Personas that show it keep its id.',
      },
      rest: { status: 204 },
      errors: [imageNotFound],
    })
    .input(imageInput)
    .output(z.void())
    .mutation(({ ctx, input }) => ctx.services.images.delete(input)),
})
