import { type CallToolResult, Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'

/** Versions of the protocol, as a client is told to speak them. */
export const eras = {
  '2025-11-25': { versionNegotiation: { mode: 'legacy' } },
  '2026-07-28': { versionNegotiation: { mode: { pin: '2026-07-28' } } },
} as const

/** An agent's client of MCP, as the official package makes it. */
export async function connectAgent(
  url: string,
  { era = '2026-07-28', key, path = '/mcp' }: { era?: keyof typeof eras; key?: string; path?: string } = {},
): Promise<Client> {
  const client = new Client({ name: 'test', version: '1.0.0' }, eras[era])
  const headers = key === undefined ? undefined : { authorization: `Bearer ${key}` }
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${url}${path}`), {
      ...(headers && { requestInit: { headers } }),
    }),
  )
  return client
}

/** What came of a tool call: its answer, or its error's message. */
export async function callTool(
  client: Client,
  name: string,
  args: Record<string, unknown>,
): Promise<{ value?: any; error?: string; details?: any; content: CallToolResult['content'] }> {
  const { content, structuredContent, isError } = (await client.callTool({
    name,
    arguments: args,
  })) as CallToolResult
  const [first, second] = content.map((part) => (part.type === 'text' ? part.text : ''))
  if (!isError) return { value: structuredContent, content }
  return { error: first ?? '', ...(second && { details: JSON.parse(second) }), content }
}
