/** Milliseconds between two states of a bar, and between two lines where there is no terminal. */
const REDRAW = 100
const LINE_EVERY = 10_000
const WIDTH = 24

const whole = new Intl.NumberFormat('en-US')

/** A step under way. */
export interface Step {
  advance(count: number): void
  end(): void
}

/** Shows how far each step is: a bar that moves in a terminal, lines elsewhere. */
export interface Progress {
  begin(label: string, total: number): Step
}

function bar(done: number, total: number): string {
  const share = Math.min(1, done / total)
  const filled = Math.floor(share * WIDTH)
  const percent = `${Math.floor(share * 100)} %`.padStart(5)
  return `[${'#'.repeat(filled)}${'-'.repeat(WIDTH - filled)}] ${percent}`
}

/** Progress on a stream, `process.stderr` as a rule. */
export function progressOn(stream: { isTTY?: boolean; write(text: string): unknown }): Progress {
  return {
    begin(label, total) {
      let done = 0
      let shown = Date.now()
      const state = () => `${label}: ${whole.format(done)} of ${whole.format(total)}`
      const show = () => {
        shown = Date.now()
        stream.write(stream.isTTY ? `\r${bar(done, total)} ${state()}\x1b[K` : `${state()}\n`)
      }
      return {
        advance(count) {
          done += count
          if (Date.now() - shown >= (stream.isTTY ? REDRAW : LINE_EVERY)) show()
        },
        end() {
          if (total === 0) return
          show()
          if (stream.isTTY) stream.write('\n')
        },
      }
    },
  }
}
