import { readFileSync } from 'node:fs'
import type { FastifyInstance } from 'fastify'
import { operations } from '../api/operations.js'
import { jsonLine } from '../json-text.js'
import { tools } from '../mcp/tools.js'

// Written from the router by scripts/openapi.ts, and checked to be fresh before each change lands.
const documentFile = new URL('../../openapi.json', import.meta.url)
// The package exports its entry only; the page's script lies beside it.
const script = new URL('js/standalone.js', import.meta.resolve('@scalar/fastify-api-reference'))

const CONFIGURATION = {
  metaData: { title: 'Personas API' },
  // They would come from another host.
  withDefaultFonts: false,
  // It leads to an application of the page's makers.
  hideClientButton: true,
}

// The page's own style leaves what is behind it dark, which shows while it loads.
const STYLE = '<style>html:has(body.light-mode) { background: #fff !important }</style>'

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="Reference of the Personas API, to read and to try">
<title>Personas API</title>
<link rel="icon" href="data:,">
<link rel="service-desc" type="application/json" href="/openapi.json">
${STYLE}
</head>
<body>
<noscript>
<h1>Personas API</h1>
<p>This page shows the API with the help of JavaScript. Without it, read the OpenAPI document it is made from:
<a href="/openapi.json">/openapi.json</a></p>
</noscript>
<script id="api-reference" data-url="/openapi.json"
  data-configuration='${JSON.stringify(CONFIGURATION)}'></script>
<script src="/docs/reference.js"></script>
</body>
</html>
`

// Everything comes from this host, and nothing is sent to another.
const POLICY = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** What the service is and where its parts are, for language models (https://llmstxt.org). */
function llmsText(): string {
  const lines = operations().map(
    ({ openapi: { method, path, summary, description } }) =>
      `- \`${method} ${path}\`: ${summary}. ${description}`,
  )
  return `# Personas API

> Simulated users (personas) for tests of chatbots and agents: who they are, how they speak, what they look like.

Personas live in projects: any id is one. Every operation is served by REST and by tRPC (\`/trpc\`); where keys are set,
requests carry one as \`Authorization: Bearer <key>\`.

## For agents

- [MCP](/mcp): the operations that are fit for agents as tools, and personas as prompts (Streamable HTTP, POST)
${tools.map(({ name, title }) => `  - \`${name}\`: ${title}`).join('\n')}

## Reference

- [OpenAPI document](/openapi.json): every operation of REST, with schemas, errors and examples
- [Reference](/docs): the same to read and to try

## Operations

${lines.join('\n')}
`
}

/** The document at `/openapi.json`, a page to read and try it at `/docs`, and `/llms.txt`; all made once. */
export function mountDocs(app: FastifyInstance): void {
  const document = jsonLine(JSON.parse(readFileSync(documentFile, 'utf8')))
  let reference: Buffer | undefined
  const config = { isOpen: true }

  app.get('/openapi.json', { config }, (_request, reply) =>
    reply.type('application/json; charset=utf-8').send(document),
  )
  const llms = llmsText()
  app.get('/llms.txt', { config }, (_request, reply) => reply.type('text/plain; charset=utf-8').send(llms))
  app.get('/docs', { config }, (_request, reply) =>
    reply.type('text/html; charset=utf-8').header('content-security-policy', POLICY).send(page),
  )
  app.get('/docs/reference.js', { config }, (_request, reply) => {
    reference ??= readFileSync(script)
    return reply
      .type('text/javascript; charset=utf-8')
      .header('cache-control', 'public, max-age=86400')
      .send(reference)
  })
}
