// Writes the files that are made from the procedures: openapi.json and the client's types. With --check it only
// tells whether the committed ones are fresh, and whether the document breaks what the last release promised.
// usage: npm run generate [-- --check]
import './client-types.js'
import './openapi.js'
