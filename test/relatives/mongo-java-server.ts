import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type RelativeServer, run } from './server.js'

const sources = fileURLToPath(new URL('mongo-java-server/', import.meta.url))

/** mongo-java-server, in memory (BSD-3-Clause). Its version stands in pom.xml as well. */
export const mongoJavaServer: RelativeServer = {
  kind: 'mongo-java-server',
  version: '1.47.0',
  everyOperation: true,
  // The compiler, as the program is one source file.
  programs: ['javac', 'mvn'],
  async build(folder) {
    await cp(sources, folder, { recursive: true })
    await run(['mvn', '-q', '-B', 'dependency:copy-dependencies', '-DoutputDirectory=lib'], folder)
  },
  command: (folder) => ['java', '-cp', join(folder, 'lib/*'), join(folder, 'MongoJavaServer.java')],
  listening: /mongodb:\/\/(127\.0\.0\.1:\d+)/,
}
