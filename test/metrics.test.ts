import { expect, it } from 'vitest'
import { createMetrics } from '../src/metrics.js'

it('makes one text of the metrics for all who ask at once, and a new one for who asks later', async () => {
  const metrics = createMetrics()
  metrics.portrait({ outcome: 'ok' }, 1)
  const texts = await Promise.all(Array.from({ length: 1_000 }, () => metrics.text()))
  expect(new Set(texts).size).toBe(1)
  metrics.portrait({ outcome: 'ok' }, 1)
  expect((await metrics.text()).body.toString()).toContain('portrait_duration_seconds_count{outcome="ok"} 2')
})
