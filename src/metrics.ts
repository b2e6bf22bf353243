import { collectDefaultMetrics, Gauge, type Histogram, Registry } from 'prom-client'
import { FastHistogram } from './histogram.js'
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
  /** `use` is what a language model was asked for; `outcome` is `ok` or the code of the error. */
  chat(labels: { use: string; outcome: string }, seconds: number): void
  /** Shows how much of a limit is taken, and how many wait for it. */
  limit(limit: Limit): void
  /** All of them, and those of the process, as Prometheus reads them. */
  text(): Promise<MetricsText>
}

interface MetricsText {
  contentType: string
  body: Buffer
}

/** Metrics of one service. */
export function createMetrics(): Metrics {
  const registry = new Registry()
  const registers = [registry]
  function histogram(options: ConstructorParameters<typeof FastHistogram>[0]): FastHistogram {
    const made = new FastHistogram(options)
    // All that a registry asks of a metric is its name and what it counted.
    registry.registerMetric(made as unknown as Histogram)
    return made
  }
  const requests = histogram({
    name: 'http_request_duration_seconds',
    help: 'Duration of HTTP requests by method, route pattern and status',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60, 180],
  })
  const calls = histogram({
    name: 'store_operation_duration_seconds',
    help: 'Duration of calls to the database by operation and outcome',
    labelNames: ['operation', 'outcome'],
    buckets: [0.0001, 0.0005, 0.002, 0.01, 0.05, 0.25, 1, 5],
  })
  const portraits = histogram({
    name: 'portrait_duration_seconds',
    help: 'Duration of portraits, from the order to the stored picture, by outcome',
    labelNames: ['outcome'],
    buckets: [1, 5, 10, 20, 40, 80, 180],
  })
  const chats = histogram({
    name: 'chat_duration_seconds',
    help: 'Duration of calls to language models, to the last word of the answer, by use and outcome',
    labelNames: ['use', 'outcome'],
    buckets: [0.1, 0.5, 1, 2, 5, 10, 20, 60],
  })
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
  async function render(): Promise<MetricsText> {
    const all = Registry.merge([processMetrics, registry])
    return { contentType: all.contentType, body: Buffer.from(await all.metrics()) }
  }
  let text: Promise<MetricsText> | undefined

  return {
    limit: (limit) => void limits.push(limit),
    request: ({ method, route, status }, seconds) => requests.observe([method, route, status], seconds),
    store: ({ operation, outcome }, seconds) => calls.observe([operation, outcome], seconds),
    portrait: ({ outcome }, seconds) => portraits.observe([outcome], seconds),
    chat: ({ use, outcome }, seconds) => chats.observe([use, outcome], seconds),
    text() {
      // It takes milliseconds, and a caller may ask a thousand times at once: all who ask meanwhile get one text,
      // as bytes that their connections share.
      text ??= render().finally(() => {
        text = undefined
      })
      return text
    },
  }
}
