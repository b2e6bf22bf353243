import { expect, it } from 'vitest'
import { badCursor, personaNotFound } from '../../src/errors/personas.js'
import { updatePersonaInput } from '../../src/personas/schema.js'
import { type Caller, newProjectId } from '../support/helper.js'
import { throughBoth } from '../support/matrix.js'

const MIB = 1024 * 1024
const TOO_LONG = 'name must be at most 200 characters'

it('a list that is too long is refused before its elements are looked at', () => {
  const list: string[] = []
  for (let at = 0; at <= 100; at += 1) {
    Object.defineProperty(list, at, { get: () => expect.fail('An element was looked at') })
  }
  expect(updatePersonaInput.shape.ifMatch.safeParse(list).success).toBe(false)
})

throughBoth('inputs far beyond their limits', (caller, service) => {
  const call: Caller['call'] = (procedure, input) => caller().call(procedure, input)

  async function newPersona() {
    const projectId = newProjectId()
    const { value } = await call('personas.create', { projectId, name: 'n' })
    return { projectId, id: value.id, updatedAt: value.updatedAt }
  }

  it('are refused before a name is normalized, which takes the square of its length', async () => {
    const { projectId, id } = await newPersona()
    const name = `a${'\u0301\u0316'.repeat(260_000)}`
    const refused = { status: 400, message: TOO_LONG, issues: [{ path: 'name', message: TOO_LONG }] }
    expect(await call('personas.create', { projectId, name })).toMatchObject(refused)
    expect(await call('personas.update', { projectId, id, name })).toMatchObject(refused)
    expect(await call('projects.create', { name })).toMatchObject(refused)
    expect(await call('projects.updateConfig', { projectId, name })).toMatchObject(refused)
  })

  it('are no names of 200 characters in NFC, however many code points they were sent as', async () => {
    const projectId = newProjectId()
    for (const character of ['\u1f82', '\u{1109a}', '\u{1f642}']) {
      const name = character.repeat(200)
      const sent = `${' '.repeat(10_000)}${name.normalize('NFD')}\n`
      expect(await call('personas.create', { projectId, name: sent })).toMatchObject({
        status: 201,
        value: { name },
      })
      const longer = await call('personas.create', { projectId, name: `${sent}${character}` })
      expect(longer).toMatchObject({ status: 400, message: TOO_LONG })
    }
  })

  it('are refused where a list of versions has more than 100', async () => {
    const { projectId, id, updatedAt } = await newPersona()
    const versions = (count: number) => [...Array(count - 1).fill('v'), updatedAt]
    const message = 'ifMatch must be an updatedAt or a list of at most 100 of them'
    for (const procedure of ['personas.update', 'personas.delete']) {
      const outcome = await call(procedure, { projectId, id, ifMatch: versions(101) })
      expect(outcome).toMatchObject({ status: 400, message, issues: [{ path: 'ifMatch', message }] })
    }
    expect(await call('personas.delete', { projectId, id, ifMatch: versions(100) })).toMatchObject({
      status: 204,
    })
  })

  it('have one issue for a list of any length, whatever is in it', async () => {
    const { projectId, id } = await newPersona()
    const outcome = await service().trpc.call('personas.update', {
      projectId,
      id,
      ifMatch: Array(18_000).fill(1),
    })
    expect(outcome).toMatchObject({ status: 400, issues: [{ path: 'ifMatch' }] })
    expect(outcome.issues).toHaveLength(1)
  })

  it('have at most 20 issues, and show little of what was sent', async () => {
    const projectId = newProjectId()
    const issuesOf = async (headers: object) => {
      const outcome = await call('personas.create', { projectId, name: 'n', headers })
      expect(outcome.status).toBe(400)
      for (const { path, message } of outcome.issues ?? []) {
        expect(path.length).toBeLessThan(100)
        expect(message.length).toBeLessThan(300)
      }
      return outcome.issues
    }
    const wrong = Array.from({ length: 64 }, (_, n) => [`X-${n}`, n])
    expect(await issuesOf(Object.fromEntries(wrong))).toHaveLength(20)
    const many = Array.from({ length: 18_000 }, (_, n) => [n, 1])
    const tooMany = { path: 'headers', message: 'headers must hold at most 64 headers' }
    expect(await issuesOf(Object.fromEntries(many))).toEqual([tooMany])
    expect(await issuesOf({ ['é'.repeat(4_000)]: 'x' })).toHaveLength(1)
    expect(await issuesOf({ ['x'.repeat(3_000)]: '', ['X'.repeat(3_000)]: '' })).toHaveLength(1)
    const tooLarge = { path: 'headers', message: 'headers must take at most 8 KiB in all' }
    expect(await issuesOf({ ['é'.repeat(MIB / 4)]: 'x' })).toEqual([tooLarge])
  })

  it('are refused as cursors, and so is an empty one', async () => {
    const { projectId } = await newPersona()
    const message = badCursor.text
    for (const cursor of ['', 'A'.repeat(5_000)]) {
      const outcome = await call('personas.list', { projectId, cursor })
      expect(outcome).toMatchObject({ status: 400, message, issues: [{ path: 'cursor', message }] })
    }
  })

  it('are no ids', async () => {
    const { projectId } = await newPersona()
    const outcome = await service().trpc.call('personas.update', { projectId, id: 'a'.repeat(MIB / 2) })
    expect(outcome).toMatchObject({ status: 404, message: personaNotFound.text })
    const long = { projectId: 'p'.repeat(MIB / 2), id: 'a' }
    expect(await service().trpc.call('personas.update', long)).toMatchObject({
      status: 400,
      message: 'projectId must have 1 to 128 characters',
    })
  })
})
