import { fire, type Measured, median, percentile, type Shot } from './load.js'
import type { Server } from './servers.js'

export interface Side {
  server: Server
  shot: Shot
}

/** The service and its baselines; `atLeast` is the ratio to reach. */
export interface Comparison {
  name: string
  connections: number
  ours: Side
  baselines: { name: string; side: Side; atLeast?: number }[]
}

export interface Pace {
  rounds: number
  /** Length of a round. */
  ms: number
  /** Requests that each side is sent before measuring: a number of them, or for a time in ms. */
  warmUp: { requests: number; ms: number }
}

/** Results of one side, per round. */
interface Series {
  name: string
  side: Side
  rounds: Measured[]
}

/** Compares services in turn; keeps the latencies for the end of the run. */
export function comparer({ rounds, ms, warmUp }: Pace) {
  const latencyTable: string[] = []

  async function fireFor({ server, shot }: Side, connections: number): Promise<Measured> {
    return fire({ port: server.port, shot, connections, ms })
  }

  async function warm(side: Side, connections: number): Promise<void> {
    const until = performance.now() + warmUp.ms
    let sent = 0
    while (sent < warmUp.requests && performance.now() < until) {
      sent += (await fireFor(side, connections)).latencies.length
    }
  }

  return {
    latencyTable,

    /** Measures the service and its baselines in turn, and prints a line of ratios for each baseline. */
    async compare({ name, connections, ours, baselines }: Comparison): Promise<void> {
      const own: Series = { name: 'the service', side: ours, rounds: [] }
      const rivals = baselines.map((baseline): Series => ({ ...baseline, rounds: [] }))
      const all = [own, ...rivals]
      for (const { side } of all) await warm(side, connections)
      for (let n = 0; n < rounds; n += 1) {
        // The order is reversed every round.
        for (const series of n % 2 === 0 ? all : [...rivals, own]) {
          series.rounds.push(await fireFor(series.side, connections))
        }
      }
      baselines.forEach(({ atLeast }, at) => {
        console.log(`${name.padEnd(34)}  ${ratiosOf(own, rivals[at] ?? own, atLeast)}`)
      })
      latencyTable.push(...all.map((series) => `${name.padEnd(34)}  ${latenciesOf(series)}`))
    },
  }
}

function ratiosOf(own: Series, rival: Series, atLeast: number | undefined): string {
  const pairs = own.rounds.map((mine, n) => ({ mine, other: rival.rounds[n] ?? mine }))
  const ratio = median(pairs.map(({ mine, other }) => mine.perSecond / other.perSecond))
  const tail = median(pairs.map(({ mine, other }) => p99(other) / p99(mine)))
  const goal = atLeast === undefined ? '' : ` (goal ${atLeast.toFixed(2)})`
  return `${`${ratio.toFixed(2)} of ${rival.name}${goal}`.padEnd(58)}  p99 ${tail.toFixed(2)}`
}

function latenciesOf({ name, rounds }: Series): string {
  const latencies = rounds.flatMap((each) => each.latencies).sort((a, b) => a - b)
  const perSecond = `${median(rounds.map((each) => each.perSecond)).toFixed(0)}/s`
  const middle = `p50 ${milliseconds(percentile(latencies, 0.5))}`
  const tail = `p99 ${milliseconds(percentile(latencies, 0.99))} ms`
  return [name.padEnd(30), perSecond.padStart(8), middle.padStart(9), tail].join('  ')
}

function p99({ latencies }: Measured): number {
  return percentile(latencies, 0.99)
}

function milliseconds(value: number): string {
  return value < 10 ? value.toFixed(2) : value.toFixed(0)
}
