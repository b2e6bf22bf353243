// Writes the files that are made from the procedures: openapi.json, the client's types and the list of MCP tools. With --check it only
// checks that the committed ones are up to date, and that the document breaks nothing of the last release.
// usage: npm run generate [-- --check]
import './client-types.js'
import './openapi.js'
import './mcp-tools.js'
