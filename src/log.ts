/** Bytes of log lines that wait for a reader; beyond them lines are dropped, and counted. */
const MAX_WAITING = 4 * 1024 * 1024

/**
 * Where log lines go: standard output. A full pipe must not stop the service, so lines wait in memory, a bounded
 * number of bytes of them, and what is beyond is dropped and counted in a line of its own.
 */
export function logStream(): LogStream {
  // One for all services of the process: they share its output.
  stream ??= createStream()
  return stream
}

interface LogStream {
  write(line: string): void
}

let stream: LogStream | undefined

function createStream(): LogStream {
  const out = process.stdout
  // A reader that is gone is no reason to end.
  out.on('error', () => undefined)
  let dropped = 0
  return {
    write(line) {
      if (out.writableLength > MAX_WAITING) {
        dropped += 1
        return
      }
      if (dropped > 0) {
        out.write(`${JSON.stringify({ level: 40, time: Date.now(), dropped, msg: 'log lines dropped' })}\n`)
        dropped = 0
      }
      out.write(line)
    },
  }
}
