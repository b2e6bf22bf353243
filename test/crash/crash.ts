// Kills the service with SIGKILL in the middle of mixed writes, at random moments, and holds what it finds after
// each restart to what was acknowledged. The machine stays up, so this shows what a killed process loses, not
// what a power cut does.
// usage: npm run test:crash -- [--rounds 100] [--store sqlite|mongo]
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { startImagesApi } from '../portraits/images-api.js'
import { freshMongoUrl, startMongo } from '../store/mongo/server.js'
import {
  type ServiceProcess,
  spawnService,
  startServiceProcess,
  temporaryFolder,
} from '../support/service-process.js'
import { call } from './client.js'
import { verifyFile, verifyMongo } from './database.js'
import { writeImports } from './imports.js'
import { Ledger } from './ledger.js'
import { VERSIONS_KEPT } from './persona-changes.js'
import { writePersonas, writePortraits } from './persona-writers.js'
import { verify } from './verify.js'
import { untilGone } from './write.js'
import { contestName, writeConfig, writeImages, writeWholeProject } from './writers.js'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '100' }, store: { type: 'string', default: 'sqlite' } },
})
const rounds = Number(values.rounds)
const dataDir = temporaryFolder()
const images = await startImagesApi()
const mongo = values.store === 'mongo' ? await startMongo() : undefined
const mongoUrl = mongo && freshMongoUrl(mongo.url)
const env = {
  DATA_DIR: dataDir,
  LOG_LEVEL: 'warn',
  OPENAI_BASE_URL: images.url,
  IMAGE_RATE_PER_MINUTE: '100000',
  VERSIONS_KEPT: String(VERSIONS_KEPT),
  ...(mongoUrl !== undefined && { MONGODB_URL: mongoUrl }),
}
const ledger = new Ledger()
for (const project of ['settings-a', 'settings-b']) ledger.configs.push({ project, state: { name: project } })

/** Starts all writers, and ends when each has met the end of the service. */
function writeTo(base: string): Promise<unknown> {
  const personas = (project: string, kind = writePersonas) => {
    const site = { base, ledger, project }
    const own = () => ledger.personas.filter((cell) => cell.project === project && cell.state !== undefined)
    return untilGone(ledger, () => kind(site, own()))
  }
  const pictures = (project: string) => {
    const own = () => ledger.images.filter((cell) => cell.project === project && cell.state !== undefined)
    return untilGone(ledger, () => writeImages({ base, ledger, project }, own()))
  }
  const site = { base, ledger, project: 'contested' }
  return Promise.all([
    ...['personas-a', 'personas-b', 'personas-c'].map((project) => personas(project)),
    personas('portraits', writePortraits),
    ...['images-a', 'images-b'].map(pictures),
    ...ledger.configs.map((cell) => untilGone(ledger, () => writeConfig(site, cell))),
    untilGone(ledger, () => writeWholeProject(site)),
    untilGone(ledger, () => writeImports(site)),
    untilGone(ledger, () => contestName(site)),
  ])
}

async function checkAfterRestart(service: ServiceProcess): Promise<void> {
  ledger.check(!service.output().includes('cannot be decrypted'), 'a stored key cannot be decrypted')
  await verify({ base: service.url, ledger, isAtomic: mongo === undefined })
}

async function provide(base: string): Promise<void> {
  const llmSettings = { provider: 'openai', apiKey: 'sk-crash-test' }
  const { status } = await call(base, 'projects.updateConfig', { projectId: 'portraits', llmSettings })
  if (status !== 200) throw new Error(`The provider could not be set: ${status}`)
}

let killedAtStart = 0
const began = Date.now()
for (let round = 0; round < rounds; round += 1) {
  if (round % 8 === 7) {
    // Recovery is cut short as well.
    const { child, ended } = spawnService({ env })
    setTimeout(() => child.kill('SIGKILL'), randomInt(150, 900))
    await ended
    killedAtStart += 1
  }
  const service = await startServiceProcess({ env })
  if (round === 0) await provide(service.url)
  else await checkAfterRestart(service)
  const writing = writeTo(service.url)
  await new Promise((resolve) => setTimeout(resolve, randomInt(50, 900)))
  await service.stop('SIGKILL')
  await writing
  if (ledger.violations.length > 0) break
}
const last = await startServiceProcess({ env })
await checkAfterRestart(last)
const ending = await last.stop()
ledger.check(ending.code === 0, `the last service ended with ${ending.code ?? ending.signal}`)
if (mongoUrl === undefined) verifyFile(ledger, dataDir)
else await verifyMongo(ledger, mongoUrl)
await images.close()
await mongo?.stop()

const total = Object.values(ledger.acknowledged).reduce((sum, count) => sum + count, 0)
console.log(
  `Store: ${mongo?.kind ?? 'SQLite'}${mongo?.standIn ? ', in memory: only the service was killed' : ''}`,
)
console.log(
  `${rounds} rounds in ${Math.round((Date.now() - began) / 1000)} s; killed at start ${killedAtStart}`,
)
console.log(`${total} acknowledged writes:`, ledger.acknowledged)
console.log('Writes in doubt, found done or undone:', ledger.inDoubt)
console.log(`${ledger.checks} checks, ${ledger.violations.length} violations`)
for (const violation of ledger.violations.slice(0, 20)) console.log(`not ok: ${violation}`)
process.exitCode = ledger.violations.length === 0 ? 0 : 1
