import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { root } from '../package/tools.js'
import { runTool } from './tools.js'

const folder = mkdtempSync(join(tmpdir(), 'personas-lint-'))
copyFileSync(join(root, 'openapi.json'), join(folder, 'openapi.json'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const document = JSON.parse(readFileSync(join(folder, 'openapi.json'), 'utf8'))
delete document.paths['/healthz'].get.operationId
document.paths['/healthz'].get.tags = ['Unknown']
document.paths['/healthz'].get.responses[200].content['application/json'].example = { status: 5 }
writeFileSync(join(folder, 'wrong.json'), JSON.stringify(document))

// In a folder of its own, where no settings of a project stand.
const redocly = (file: string) => runTool('redocly', ['lint', '--extends=recommended-strict', file], folder)
const ruleset = join(root, 'test/document/spectral.yaml')
const spectral = (file: string) =>
  runTool('spectral', ['lint', '--ruleset', ruleset, '--fail-severity=hint', file], folder)

it('Redocly finds nothing by its recommended rules, warnings included', async () => {
  expect(await redocly('openapi.json')).toContain('Your API description is valid')
  await expect(redocly('wrong.json')).rejects.toThrow('operation-operationId')
})

it('Spectral finds nothing by its rules for OpenAPI, hints included', async () => {
  expect(await spectral('openapi.json')).toContain('No results')
  await expect(spectral('wrong.json')).rejects.toThrow('oas3-valid-media-example')
})
