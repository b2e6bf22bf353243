import {
  classifyInboundRequest,
  isJSONRPCResponse,
  isJsonContentType,
  type JSONRPCMessage,
  type JSONRPCRequest,
  type JSONRPCResponse,
  type MessageClassification,
  PerRequestHTTPServerTransport,
  type Server,
  SUPPORTED_PROTOCOL_VERSIONS,
} from '@modelcontextprotocol/server'

/** The version of the protocol whose requests say themselves what earlier ones agreed on in a handshake. */
const MODERN = '2026-07-28'

type Era = NonNullable<MessageClassification['era']>

/** A connection that stays: requests of all clients come over it, each with an id of its own. */
class SharedConnection extends PerRequestHTTPServerTransport {
  readonly #classification: MessageClassification
  readonly #waiting = new Map<unknown, (answer: JSONRPCResponse) => void>()
  #nextId = 0

  constructor(classification: MessageClassification) {
    super({ classification })
    this.#classification = classification
  }

  ask(message: JSONRPCRequest, request: Request): Promise<JSONRPCResponse> {
    const id = this.#nextId++
    return new Promise((resolve) => {
      this.#waiting.set(id, (answer) => resolve({ ...answer, id: message.id }))
      this.onmessage?.({ ...message, id }, { classification: this.#classification, request })
    })
  }

  override async send(message: JSONRPCMessage): Promise<void> {
    // Nothing else is sent: no tool reports progress, or asks its client for something.
    if (!isJSONRPCResponse(message)) return
    this.#waiting.get(message.id)?.(message)
    this.#waiting.delete(message.id)
  }
}

/** The era of the protocol in which a request calls a tool; undefined for all else, and where it contradicts itself. */
function eraOfCall(headers: Pick<Headers, 'get'>, body: JSONRPCRequest): Era | undefined {
  const header = (name: string) => headers.get(name) ?? ''
  if (body.method !== 'tools/call' || !isJsonContentType(header('content-type'))) return undefined
  const version = header('mcp-protocol-version')
  const route = classifyInboundRequest({
    httpMethod: 'POST',
    protocolVersionHeader: version,
    mcpMethodHeader: header('mcp-method'),
    body,
  })
  if (route.kind === 'modern') {
    const isWhole = route.messageKind === 'request' && header('mcp-name') === body.params?.name
    return isWhole && version === MODERN ? 'modern' : undefined
  }
  if (route.kind !== 'legacy' || route.reason !== 'no-claim') return undefined
  const accept = header('accept')
  const isWhole = accept.includes('application/json') && accept.includes('text/event-stream')
  return isWhole && (version === '' || SUPPORTED_PROTOCOL_VERSIONS.includes(version)) ? 'legacy' : undefined
}

/**
 * Answers tool calls over connections that stay, one for each era of the protocol. The SDK's handler of HTTP makes a
 * server, a transport and a web Response for each request, which takes longer than most calls
 * (docs/decisions/mcp-connections.md). What it returns answers undefined for a request that is another, or wrong:
 * that handler knows what to say.
 * @param serverOf makes a server whose handlers have the request in their context, as `http.req`
 */
export async function toolCalls(serverOf: (versions: string[]) => Server) {
  const connect = async (classification: MessageClassification, versions: string[]) => {
    const connection = new SharedConnection(classification)
    await serverOf(versions).connect(connection)
    return connection
  }
  const connections = {
    modern: await connect({ era: 'modern', revision: MODERN }, [MODERN]),
    legacy: await connect({ era: 'legacy' }, SUPPORTED_PROTOCOL_VERSIONS),
  }
  return (request: Request, body: unknown): Promise<JSONRPCResponse> | undefined => {
    // The classifier of eraOfCall looks at what it is.
    const message = body as JSONRPCRequest
    const era = eraOfCall(request.headers, message)
    return era && connections[era].ask(message, request)
  }
}
