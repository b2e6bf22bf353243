import { execFileSync } from 'node:child_process'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freshMongoUrl, startMongo } from '../store/mongo/server.js'
import { startProxy } from '../store/tcp-proxy.js'
import type { ChatBehaviour } from '../support/chat.js'
import type { Behaviour, Provider } from '../support/provider.js'
import type { Random } from './random.js'

/** What can go wrong around the service. */
export interface Faults {
  /** Fills the disk under the database; does nothing where it cannot be done, or the store is another. */
  fillDisk(): void
  freeDisk(): void
  /** Takes the database away for a while, where it is a server. */
  loseDatabase(random: Random): Promise<void>
}

/** Where the service stores, and how that can fail. */
export interface Ground {
  env: Record<string, string>
  faults: Faults
  /** What could not be tried here. */
  notTested: string[]
  close(): Promise<void>
}

const DISK = '256m'
const none: Faults = {
  fillDisk: () => undefined,
  freeDisk: () => undefined,
  loseDatabase: async () => undefined,
}

/** SQLite on a small disk of its own, which takes a Linux and the right to mount one. */
export function onSmallDisk(dataDir: string): Ground {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK}`, 'personas-chaos', dataDir], {
      stdio: 'ignore',
    })
  } catch {
    const notTested = ['a full disk: mounting a small one takes root']
    return { env: {}, faults: none, notTested, close: async () => undefined }
  }
  const unmount = () => execFileSync('umount', ['-l', dataDir], { stdio: 'ignore' })
  // Before the folder is removed.
  process.prependOnceListener('exit', unmount)
  const ballast = join(dataDir, 'ballast')
  const faults: Faults = {
    ...none,
    fillDisk() {
      const file = openSync(ballast, 'w')
      try {
        for (let size = 2 ** 24; size >= 512; ) {
          try {
            if (writeSync(file, Buffer.alloc(size)) < size) size /= 2
          } catch {
            size /= 2
          }
        }
      } finally {
        closeSync(file)
      }
    },
    freeDisk: () => rmSync(ballast, { force: true }),
  }
  return { env: {}, faults, notTested: [], close: async () => undefined }
}

/** A MongoDB of this machine behind a way that can be blocked. */
export async function onMongo(): Promise<Ground> {
  const mongo = await startMongo()
  const url = new URL(freshMongoUrl(mongo.url))
  const proxy = await startProxy(Number(url.port || 27_017))
  url.host = `127.0.0.1:${proxy.port}`
  // A replica set would name its members, past the proxy.
  url.searchParams.set('directConnection', 'true')
  const faults: Faults = {
    ...none,
    async loseDatabase(random) {
      if (random.below(2) === 0) proxy.hang()
      else await proxy.cut()
      await delay(1_000 + random.below(3_000))
      await proxy.restore()
    },
  }
  const close = async () => {
    await proxy.cut()
    await mongo.stop()
  }
  return { env: { MONGODB_URL: url.href }, faults, notTested: ['a full disk: MongoDB has its own'], close }
}

const behaviours: Record<Behaviour, number> = {
  draws: 6,
  'is slow': 2,
  fails: 1,
  'hangs up': 1,
  'sends zeros': 0,
}

const chatBehaviours: Record<ChatBehaviour, number> = {
  speaks: 8,
  'is slow': 2,
  fails: 1,
  'finds it too long': 1,
  'breaks off': 1,
  hangs: 1,
  'never ends': 1,
}

/** Makes the surroundings of the service fail now and then, until `isOver`; leaves them as they should be. */
export async function disturb(
  { faults, provider, random }: { faults: Faults; provider: Provider; random: Random },
  isOver: () => boolean,
): Promise<void> {
  const drawing = random.fork()
  provider.behave = () => drawing.weighted(behaviours)
  provider.behaveInChat = () => drawing.weighted(chatBehaviours)
  while (!isOver()) {
    await delay(3_000 + random.below(6_000))
    faults.fillDisk()
    await delay(500 + random.below(2_000))
    faults.freeDisk()
    await faults.loseDatabase(random)
  }
  provider.behave = () => 'draws'
  provider.behaveInChat = () => 'speaks'
}
