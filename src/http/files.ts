import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest, preHandlerAsyncHookHandler } from 'fastify'
import { exportFile, importFile, personaCard } from '../api/files.js'
import { refuseUnknown } from '../api/strict.js'
import { type RestMeta, requireProject } from '../api/trpc.js'
import { badFile, tooManyExports, tooManyImports } from '../errors/personas.js'
import { type FormatName, formats, readFile } from '../files/formats.js'
import { FileFault, MAX_VALUES } from '../files/row.js'
import { exportPersonasInput, importFileInput, personaCardInput } from '../files/schema.js'
import { jsonLine } from '../json-text.js'
import { Limit } from '../limit.js'
import { type Fields, unknownFields } from '../unknown.js'
import { Answer } from './answers.js'
import { acceptTypes } from './body.js'
import { checkEscapes, type Mounting, queryReader, routeUrl } from './rest.js'

/** Bytes of files that are read and brought in at once: parsed, one takes many times its bytes. */
const IMPORTS = 12 * 1024 * 1024
/** Exports under way at once: each holds a page, as long as its caller takes to read it. */
const EXPORTS = 16

/** The limits on files of personas on their way. */
export function fileLimits(): { imports: Limit; exports: Limit } {
  const waiting = { maxWaiting: 200, maxWaitMs: 30_000 }
  return {
    imports: new Limit({ name: 'imports', capacity: IMPORTS, error: tooManyImports, ...waiting }),
    exports: new Limit({
      name: 'exports',
      capacity: EXPORTS,
      error: tooManyExports,
      isShared: true,
      ...waiting,
    }),
  }
}

/** What stands between values in any of the formats: `,`, `;`, `{`, `[`, tabs and line breaks. */
const MARKS = new Set([0x2c, 0x3b, 0x7b, 0x5b, 0x09, 0x0a])
/** Bytes of text that take as much as a value does, whatever is in it: a file of `MAX_VALUES` is read alone. */
const BYTES_OF_VALUE = IMPORTS / MAX_VALUES

/** What a body counts in the limit: its bytes, or more where it holds very many values. */
function costOf(body: unknown): number {
  if (typeof body !== 'string' && !Buffer.isBuffer(body)) return 0
  let marks = 0
  for (let at = 0; at < body.length; at += 1) {
    const unit = typeof body === 'string' ? body.charCodeAt(at) : body[at]
    if (unit !== undefined && MARKS.has(unit)) marks += 1
  }
  return Math.max(body.length, Math.ceil(marks * BYTES_OF_VALUE))
}

/** A hook after the body has come, and before it is parsed: it waits for its turn among the imports. */
export function admitImport(limit: Limit): preHandlerAsyncHookHandler {
  return async ({ body, lifetime, caller }) => {
    const { signal } = lifetime
    const hold = await limit.take(costOf(body), { caller, signal })
    lifetime.onOver(hold.release)
  }
}

const FORMATS = Object.entries(formats).flatMap(([name, { types }]) =>
  // The keys of the formats.
  types.map((type): [string, FormatName] => [type, name as FormatName]),
)
const formatOfType = new Map(FORMATS)

/** A header that names a file (RFC 6266): in ASCII, and where that is not the whole name, in UTF-8 too. */
function fileNamed(name: string, extension: string): string {
  const ascii = name
    .normalize('NFKD')
    .replaceAll(/[^\w.-]+/g, '-')
    .replaceAll(/^[-.]+|[-.]+$/g, '')
  const plain = `attachment; filename="${ascii === '' ? 'personas' : ascii}.${extension}"`
  const encoded = encodeURIComponent(name).replaceAll(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return ascii === name ? plain : `${plain}; filename*=UTF-8''${encoded}.${extension}`
}

/** The input of a route: its path, and what its query says. */
function inputReader({ fields, rest }: { fields: Fields; rest: Pick<RestMeta, 'names' | 'status'> }) {
  const { projectId: _, id: __, ...given } = fields
  const read = queryReader(given, rest.names)
  const known = Object.fromEntries(
    Object.entries(given).map(([name, field]) => [rest.names?.[name] ?? name, field]),
  )
  return (request: FastifyRequest): Record<string, unknown> => {
    const { query, params, access, isStrict } = request
    // Fastify gives the query and the parameters as objects of text.
    const path = params as Record<string, string>
    requireProject(access, path.projectId)
    checkEscapes(request)
    if (isStrict) refuseUnknown(unknownFields(known, query))
    return { ...read(query as Record<string, unknown>), ...path }
  }
}

/** Takes and sends personas as files, which have no place in tRPC. */
export function mountFiles(
  scope: FastifyInstance,
  { services, answers, files, images }: Mounting & { images: Limit },
): void {
  const { imports, exports } = services
  const readImport = inputReader(importFile)
  const readExport = inputReader(exportFile)
  const readCard = inputReader(personaCard)

  /** Reads the file, and brings its rows in. */
  async function importAll(request: FastifyRequest) {
    const { body, headers, lifetime, isStrict } = request
    const given = readImport(request)
    const type = (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
    // An empty body has no type, and is not read.
    const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0)
    const { rows, options = {} } = await readFile(formatOfType.get(type) ?? 'json', bytes)
    const { projectId: _, ...known } = importFile.fields
    if (isStrict) refuseUnknown(unknownFields(known, options))
    const input = importFileInput.parse({ ...options, ...given })
    return imports.import({ ...input, signal: lifetime.signal, isStrict }, rows)
  }

  async function receive(request: FastifyRequest, reply: FastifyReply) {
    const budget = new Answer(answers, request)
    await budget.begin(0)
    const report = await request.lifetime.during(() =>
      importAll(request).catch((error) => {
        throw error instanceof FileFault ? badFile({ fault: error.message }) : error
      }),
    )
    const json = jsonLine(await budget.room(report))
    budget.made(Buffer.byteLength(json))
    return reply.type('application/json; charset=utf-8').send(json)
  }

  async function sendAll(request: FastifyRequest, reply: FastifyReply) {
    const input = exportPersonasInput.parse(readExport(request))
    const { lifetime, caller } = request
    const hold = await files.exports.take(1, { caller, signal: lifetime.signal })
    lifetime.onOver(hold.release)
    const pieces = await lifetime.during(() => exports.export(input))
    const { types, extensions } = formats[input.format ?? 'json']
    reply
      .type(`${types[0]}; charset=utf-8`)
      .header('content-disposition', fileNamed(input.projectId, extensions[0]))
    // Nothing is read ahead of its reader; of a file that nobody reads, nothing is.
    const isRead = request.method !== 'HEAD'
    return reply.send(Readable.from(isRead ? pieces : [], { objectMode: true, highWaterMark: 1 }))
  }

  async function sendCard(request: FastifyRequest, reply: FastifyReply) {
    const input = personaCardInput.parse(readCard(request))
    const { lifetime } = request
    const { name, format, content } = await lifetime.during(() => exports.card(input, lifetime.signal))
    lifetime.onOver(images.takeNow(content.length, { caller: input.projectId }).release)
    const { types, extensions } = formats[format]
    return reply
      .type(typeof content === 'string' ? `${types[0]}; charset=utf-8` : types[0])
      .header('content-disposition', fileNamed(name, extensions[0]))
      .send(content)
  }

  scope.get(routeUrl(exportFile.openapi.path), sendAll)
  scope.get(routeUrl(personaCard.openapi.path), sendCard)
  void scope.register(async (taking) => {
    acceptTypes(taking, [...formatOfType.keys()])
    const { openapi, rest } = importFile
    const { bodyLimit, contentTypes } = rest
    const options = { bodyLimit, config: { contentTypes }, preHandler: admitImport(files.imports) }
    taking.post(routeUrl(openapi.path), options, receive)
  })
}
