import { z } from 'zod'
import { projectId } from '../projects/schema.js'
import { text } from '../text.js'

export const imageRoles = ['persona-avatar', 'persona-avatar-styleguide', 'upload'] as const
/** What an image is for: a portrait, a style reference that portraits should match, or anything else. */
export type ImageRole = (typeof imageRoles)[number]

export const imageFormats = ['png', 'jpeg', 'webp'] as const
/** The formats that are accepted, stored and served. */
export type ImageFormat = (typeof imageFormats)[number]

export const imageSizes = [64, 128, 256, 512, 1024] as const

/** Whether a text has the form of an image id; only such ids are looked up. */
export function isImageId(id: string): boolean {
  return /^[A-Za-z0-9._-]{1,128}$/.test(id)
}

const role = z.enum(imageRoles, `role must be one of ${imageRoles.join(', ')}`).meta({
  id: 'ImageRole',
  description:
    'What the image is for: a portrait, a style reference that portraits should match, or anything else',
})

export const uploadImageInput = z
  .object({
    projectId,
    imageBase64: z.string().meta({
      description: 'A PNG, JPEG or WebP picture of at most 10 MiB, in base64; a `data:` prefix is allowed',
      contentEncoding: 'base64',
      minLength: 1,
    }),
    role,
    filename: text({ field: 'filename', max: 255 })
      .optional()
      .meta({ description: 'For the caller’s own records; not kept' }),
  })
  .meta({
    title: 'UploadImageInput',
    description: 'A picture as base64, and what it is for',
    example: {
      imageBase64:
        'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
      role: 'persona-avatar-styleguide',
    },
  })
export type UploadImageInput = z.infer<typeof uploadImageInput>

export const uploadImageFileInput = z.object({ projectId, role })
export type UploadImageFileInput = z.infer<typeof uploadImageFileInput>

const exampleId = 'a1b2c3d4-e5f6-4890-abcd-ef1234567890.png'

export const uploadedImage = z
  .object({ id: z.string().meta({ description: 'A UUID and the extension of the stored format' }) })
  .meta({ id: 'UploadedImage', description: 'Where the picture is from now on', example: { id: exampleId } })

export const listImagesInput = z.object({
  projectId,
  role: role.meta({ description: 'Only images of this role' }).optional(),
})
export type ListImagesInput = z.infer<typeof listImagesInput>

export const imageIds = z
  .object({ ids: z.array(z.string()).meta({ description: 'Oldest first' }) })
  .meta({ id: 'ImageIds', description: 'Ids of images', example: { ids: [exampleId] } })

const imageId = z.string().meta({ description: 'The image’s id', example: exampleId })

export const imageInput = z.object({ projectId, imageId })
export type ImageInput = z.infer<typeof imageInput>

const SIZE = `size must be one of ${imageSizes.join(', ')}`

export const serveImageInput = z.object({
  projectId,
  imageId,
  size: z
    .number(SIZE)
    .refine((size) => imageSizes.some((allowed) => allowed === size), SIZE)
    .meta({
      id: 'ImageSize',
      description: 'Pixels a side',
      override: { type: 'integer', enum: [...imageSizes] },
    })
    .meta({ description: 'Scales down to fit a square of so many pixels, never up' })
    .optional(),
  format: z
    .enum(imageFormats, `format must be one of ${imageFormats.join(', ')}`)
    .meta({ id: 'ImageFormat', description: 'A format of pictures' })
    .meta({ description: 'Re-encodes the picture' })
    .optional(),
})
export type ServeImageInput = z.infer<typeof serveImageInput>
