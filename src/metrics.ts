import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Limit } from './limit.js'

// Of the process, however many services it runs.
const processMetrics = new Registry()
collectDefaultMetrics({ register: processMetrics })

/** What the service counts and times; labels are route patterns and names of ours, never what a caller sent. */
export interface Metrics {
  request(labels: { method: string; route: string; status: number }, seconds: number): void
  store(labels: { operation: string; outcome: 'ok' | 'error' }, seconds: number): void
  /** `outcome` is `ok` or the code of the error. */
  portrait(labels: { outcome: string }, seconds: number): void
  /** Shows how much of a limit is taken, and how many wait for it. */
  limit(limit: Limit): void
  /** All of them, and those of the process, as Prometheus reads them. */
  text(): Promise<{ contentType: string; body: string }>
}

/** Observations to gather before they are counted. */
const GATHERED = 100

/** Counts observations many at a time: one at a time, it takes longer than what a small answer is made of. */
function gather<Label extends string>(histogram: Histogram<Label>) {
  let gathered: { labels: Partial<Record<Label, string | number>>; seconds: number }[] = []
  const count = () => {
    for (const { labels, seconds } of gathered) histogram.observe(labels, seconds)
    gathered = []
  }
  const add = (labels: Partial<Record<Label, string | number>>, seconds: number) => {
    if (gathered.push({ labels, seconds }) >= GATHERED) count()
  }
  return { add, count }
}

/** Metrics of one service. */
export function createMetrics(): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const requests = gather(
    new Histogram({
      name: 'http_request_duration_seconds',
      help: 'Duration of HTTP requests by method, route pattern and status',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60, 180],
      registers,
    }),
  )
  const calls = gather(
    new Histogram({
      name: 'store_operation_duration_seconds',
      help: 'Duration of calls to the database by operation and outcome',
      labelNames: ['operation', 'outcome'],
      buckets: [0.0001, 0.0005, 0.002, 0.01, 0.05, 0.25, 1, 5],
      registers,
    }),
  )
  const portraits = gather(
    new Histogram({
      name: 'portrait_duration_seconds',
      help: 'Duration of portraits, from the order to the stored picture, by outcome',
      labelNames: ['outcome'],
      buckets: [1, 5, 10, 20, 40, 80, 180],
      registers,
    }),
  )
  const limits: Limit[] = []
  const gauge = (name: string, help: string, read: (limit: Limit) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ['limit'],
      registers,
      collect() {
        for (const limit of limits) this.set({ limit: limit.name }, read(limit))
      },
    })
  gauge('limit_used', 'What is taken of each limit now, in its unit', ({ used }) => used)
  gauge('limit_capacity', 'The most that can be taken of each limit at once', ({ capacity }) => capacity)
  gauge('limit_waiting', 'How many wait for each limit now', ({ waiting }) => waiting)
  return {
    limit: (limit) => void limits.push(limit),
    request: requests.add,
    store: calls.add,
    portrait: portraits.add,
    async text() {
      for (const each of [requests, calls, portraits]) each.count()
      const all = Registry.merge([processMetrics, registry])
      return { contentType: all.contentType, body: await all.metrics() }
    },
  }
}
