import { entry } from './error.js'

export const imageNotFound = entry({ code: 'NOT_FOUND', text: 'Image not found' })

export const notBase64 = entry({
  code: 'BAD_REQUEST',
  path: 'imageBase64',
  text: 'imageBase64 must be base64 (RFC 4648 §4), with or without a data: prefix',
})

export const notAPicture = entry({
  code: 'BAD_REQUEST',
  path: 'imageBase64',
  text: 'image must be a PNG, JPEG or WebP picture of at most 10 MiB and 24 megapixels',
})

export const tooLargeEncoded = entry({
  code: 'BAD_REQUEST',
  path: 'imageBase64',
  text: 'image is larger than 15 MiB once re-encoded: scale it down',
})

// The same of a picture that is the body itself.
export const fileNotAPicture = entry({ code: 'BAD_REQUEST', path: 'body', text: notAPicture.text })

export const fileTooLargeEncoded = entry({ code: 'BAD_REQUEST', path: 'body', text: tooLargeEncoded.text })

/** `side` is the most pixels that an encoder of the format takes. */
export const tooLargeForFormat = entry({
  code: 'BAD_REQUEST',
  path: 'format',
  text: ({ format, side }: { format: string; side: number }) =>
    `format ${format} takes pictures of at most ${side.toLocaleString('en')} pixels a side: add size or choose another format`,
  example: { format: 'webp', side: 16_383 },
})

export const tooManyPictures = entry({
  code: 'SERVICE_UNAVAILABLE',
  reason: 'overloaded',
  text: 'Too many pictures are being worked on; try again in a few seconds',
  retryAfter: 5,
})

export const tooManyPicturesRead = entry({
  code: 'SERVICE_UNAVAILABLE',
  reason: 'overloaded',
  text: 'Too many pictures are being read; try again in a few seconds',
  retryAfter: 5,
})

export const tooManyImagesSent = entry({
  code: 'SERVICE_UNAVAILABLE',
  reason: 'overloaded',
  text: 'Too many images are being sent; try again in a few seconds',
  retryAfter: 5,
})
