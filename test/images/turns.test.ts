import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pictureLimits } from '../../src/images/processing.js'
import type { Hold, Limit } from '../../src/limit.js'
import { newProjectId, type Running, startService } from '../support/helper.js'
import { plain } from './pictures.js'

function limitOf(name: string): Limit {
  const limit = pictureLimits.find((each) => each.name === name)
  if (limit === undefined) throw new Error(`There is no limit ${name}`)
  return limit
}
const small = limitOf('small_pictures')
const large = limitOf('large_picture_pixels')

const until = (holds: () => boolean) => expect.poll(holds, { interval: 5 }).toBe(true)

describe('work on pictures', () => {
  let service: Running
  let largePicture: string
  let smallPicture: string
  beforeAll(async () => {
    service = await startService()
    largePicture = (await plain(2000, 2000).jpeg().toBuffer()).toString('base64')
    smallPicture = (await plain(80, 80).png().toBuffer()).toString('base64')
  })
  afterAll(async () => {
    expect(pictureLimits.map(({ used, waiting }) => [used, waiting])).toEqual([
      [0, 0],
      [0, 0],
    ])
    await service.close()
  })

  const upload = (projectId: string, imageBase64: string, signal?: AbortSignal) =>
    service.services.images.upload({ projectId, imageBase64, role: 'upload' }, signal)
  const stored = async (imageBase64: string) => {
    const projectId = newProjectId()
    const { id: imageId } = await upload(projectId, imageBase64)
    return { projectId, imageId }
  }
  /** Takes all of a limit while something is tried. */
  async function occupied<T>(limit: Limit, attempt: (hold: Hold) => Promise<T>): Promise<T> {
    const hold = await limit.take(limit.capacity)
    try {
      return await attempt(hold)
    } finally {
      hold.release()
    }
  }

  it('on small ones does not wait for large ones', async () => {
    const image = await stored(smallPicture)
    await occupied(large, async () => {
      await upload(newProjectId(), smallPicture)
      await service.services.images.serve({ ...image, size: 64 })
    })
  })

  it('serves projects in turn, however many pictures one of them has sent', async () => {
    const order: string[] = []
    const [greedy, modest] = [newProjectId(), newProjectId()]
    const all = await occupied(large, async () => {
      const waiting: Promise<unknown>[] = []
      for (let n = 0; n < 6; n += 1) {
        waiting.push(upload(greedy, largePicture).then(() => order.push('greedy')))
        await until(() => large.waiting === n + 1)
      }
      waiting.push(upload(modest, largePicture).then(() => order.push('modest')))
      await until(() => large.waiting === 7)
      return waiting
    })
    await Promise.all(all)
    // Two are worked on at once.
    expect(order.indexOf('modest')).toBeLessThan(3)
  })

  it('stops waiting when its caller leaves', async () => {
    const image = await stored(largePicture)
    await occupied(large, async () => {
      const leaving = new AbortController()
      const calls = [
        upload(newProjectId(), largePicture, leaving.signal),
        service.services.images.serve({ ...image, size: 64 }, leaving.signal),
        service.services.images.serve({ ...image, format: 'png' }, leaving.signal),
      ]
      await until(() => large.waiting === 3)
      leaving.abort(new Error('left'))
      for (const outcome of await Promise.allSettled(calls)) {
        expect(outcome).toMatchObject({ status: 'rejected', reason: { message: 'left' } })
      }
      expect(large.waiting).toBe(0)
    })
  })

  it('goes on for those who wait for the same variant when one of them leaves', async () => {
    const image = await stored(largePicture)
    const leaving = new AbortController()
    const [left, stays] = await occupied(large, async () => {
      const calls = [
        service.services.images.serve({ ...image, size: 128 }, leaving.signal),
        service.services.images.serve({ ...image, size: 128 }),
      ]
      await until(() => large.waiting === 1)
      leaving.abort(new Error('left'))
      return calls
    })
    await expect(left).rejects.toThrow('left')
    expect((await stays)?.format).toBe('jpeg')
  })

  it('holds no original while it waits for its turn', async () => {
    const images = await Promise.all(Array.from({ length: 12 }, () => stored(largePicture)))
    const { store } = service
    const findImage = store.findImage
    let loading = 0
    let most = 0
    const calls = await occupied(large, async () => {
      store.findImage = async (...args) => {
        loading += 1
        most = Math.max(most, loading)
        await new Promise((resolve) => setTimeout(resolve, 5))
        loading -= 1
        return findImage.apply(store, args)
      }
      const waiting = images.map((image) => service.services.images.serve({ ...image, size: 64 }))
      await until(() => large.waiting === 12)
      // Read to see how large they are, and let go.
      store.findImage = async () => null
      return waiting
    })
    // Read again in its turn: by now it is gone.
    for (const outcome of await Promise.allSettled(calls)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'NOT_FOUND' } })
    }
    store.findImage = findImage
    expect(most).toBeLessThanOrEqual(4)
  })

  it('shows in the metrics', async () => {
    // The limits of this process are those of the service only where it runs here.
    expect(service.services.metrics).toBeDefined()
    await occupied(small, async () => {
      const text = await (await service.send('/metrics')).text()
      expect(text).toContain(`limit_used{limit="small_pictures"} ${small.capacity}`)
      for (const name of [
        'large_picture_pixels',
        'loading_pictures',
        'portrait_bytes',
        'provider_answer_bytes',
      ]) {
        expect(text).toMatch(new RegExp(`limit_used\\{limit="${name}"\\} 0`))
      }
    })
  })
})
