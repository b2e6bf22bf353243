import fc from 'fast-check'
import { Histogram, Registry } from 'prom-client'
import { expect, it } from 'vitest'
import { FastHistogram } from '../src/histogram.js'

const options = {
  name: 'duration_seconds',
  help: 'How long it took',
  labelNames: ['method', 'route', 'status'],
  buckets: [0.001, 0.5, 10],
}

const observation = fc.record({
  labels: fc.tuple(
    fc.constantFrom('GET', 'POST'),
    fc.constantFrom('/a', '/b', 'unknown', '/"quoted"\\\n'),
    fc.constantFrom(200, 404),
  ),
  value: fc.oneof(fc.constantFrom(0, ...options.buckets, 10.1), fc.double({ min: 0, max: 20, noNaN: true })),
})

it('shows what prom-client’s own histogram shows of the same observations', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(observation, { maxLength: 30 }), async (observations) => {
      const [usual, quick] = [new Registry(), new Registry()]
      const own = new Histogram({ ...options, registers: [usual] })
      const fast = new FastHistogram(options)
      quick.registerMetric(fast as unknown as Histogram)
      for (const { labels, value } of observations) {
        const [method, route, status] = labels
        own.observe({ method, route, status }, value)
        fast.observe(labels, value)
      }
      expect(await quick.metrics()).toBe(await usual.metrics())
    }),
  )
})
