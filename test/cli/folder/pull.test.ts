import { rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { onEveryStore } from '../../support/matrix.js'
import { filesIn, type Place, placeWith, run } from './run.js'

onEveryStore('personas-api pull', (service) => {
  const pull = ({ folder, projectId }: Place, ...options: string[]) =>
    run(['pull', folder, '--project', projectId, ...options], service())
  const fill = async ({ projectId }: Place, personas: object[]) => {
    const { failed } = await service().client.personas.import.mutate({ projectId, personas })
    expect(failed).toBe(0)
  }

  it('writes a file a persona, fields in their order, the prompt as it is, and the same again', async () => {
    const place = placeWith()
    rmSync(place.folder, { recursive: true })
    await fill(place, [
      { tags: ['b', 'a'], systemPrompt: '  Be brief.\n\n', name: 'Impatient User', headers: { 'X-A': '1' } },
      { name: 'Nobody' },
    ])
    expect(await pull(place)).toEqual({
      code: 0,
      lines: ['+ impatient-user.md', '+ nobody.md', '2 new, 0 changed, 0 unchanged, 0 deleted'],
    })
    const files = {
      'impatient-user.md':
        '---\nname: Impatient User\nheaders:\n  X-A: "1"\ntags:\n  - b\n  - a\n---\n  Be brief.\n\n',
      'nobody.md': '---\nname: Nobody\n---\n',
    }
    expect(filesIn(place.folder)).toEqual(files)
    expect(await pull(place)).toEqual({ code: 0, lines: ['0 new, 0 changed, 2 unchanged, 0 deleted'] })
    expect(filesIn(place.folder)).toEqual(files)
    const pushed = await run(['push', place.folder, '--project', place.projectId], service())
    expect(pushed.lines).toEqual(['0 created, 0 updated, 2 unchanged, 0 deleted, 0 failed'])
  })

  it('gives every name a file of its own inside the folder, the same in every folder', async () => {
    const names = [
      '../x',
      '..x',
      'X',
      'CON',
      'con ',
      '🙂',
      '🙃',
      '...',
      'Straße',
      'STRASSE',
      'Ünal',
      'ü n a l',
    ]
    names.push('a/b\\c', 'C:\\x', 'README', '.git', 'ΟΔΟΣ', 'οδοσ', '日本語', 'é'.repeat(200))
    names.push(`${'é'.repeat(199)}x`, '𝒳'.repeat(200), '漢'.repeat(200), '-rf', 'LPT1', 'हिन्दी')
    const place = placeWith()
    await fill(
      place,
      names.map((name) => ({ name, systemPrompt: name })),
    )
    await pull(place)
    const files = filesIn(place.folder)
    const written = Object.keys(files)
    expect(written).toHaveLength(names.length)
    // Told apart on disks where neither case nor the form of accents counts, and none too long for any.
    const keys = new Set(written.map((file) => file.normalize('NFD').toUpperCase()))
    expect(keys.size).toBe(names.length)
    for (const file of written) {
      expect(file).toMatch(/^[\p{L}\p{M}\p{N}][\p{L}\p{M}\p{N}-]*\.md$/u)
      expect(file).not.toMatch(/^(con|lpt1|readme)\.md$/i)
      expect(Buffer.byteLength(file)).toBeLessThan(255)
    }
    expect(written).toEqual(expect.arrayContaining(['x.md', '日本語.md', 'strasse.md', 'unal.md', 'git.md']))
    expect(written.filter((file) => /^(con|persona|strasse)-[0-9a-f]{8}\.md$/.test(file))).toHaveLength(6)
    const again = { ...place, folder: placeWith().folder }
    await pull(again)
    expect(filesIn(again.folder)).toEqual(files)
    expect((await pull(place)).lines).toEqual([`0 new, 0 changed, ${names.length} unchanged, 0 deleted`])
  })

  it('keeps the file of a persona, whatever its name, and its text until something differs', async () => {
    const mine = '---\n# ours\ndescription:   d\nname: "One"\n---\nBe.\n'
    const place = placeWith({
      'my-file.md': mine,
      'team.yaml': '- name: Two\n- name: Three\n',
      'two.md': '---\nname: Local\n---\n',
    })
    const { folder } = place
    await fill(place, [
      { name: 'One', description: 'd', systemPrompt: 'Be.\n' },
      { name: 'Two', tags: ['t'] },
      { name: 'Three' },
    ])
    const first = await pull(place)
    expect(first.code).toBe(0)
    expect(first.lines).toEqual([
      `? Local: not in the project, ${join(folder, 'two.md')}:1`,
      '0 new, 0 changed, 3 unchanged, 0 deleted',
    ])
    expect(filesIn(folder)).toMatchObject({ 'my-file.md': mine })
    await fill(place, [
      { name: 'One', description: null },
      { name: 'Two', description: 'x' },
      { name: 'TWO' },
    ])
    writeFileSync(join(folder, 'team.yaml'), '- name: Two\n  description: y\n- name: Three\n')
    expect((await pull(place)).lines).toEqual([
      '~ my-file.md',
      `? Two: description differ, and only Markdown is written, ${join(folder, 'team.yaml')}:1`,
      '+ two-a1a8a8cb.md',
      `? Local: not in the project, ${join(folder, 'two.md')}:1`,
      '1 new, 1 changed, 1 unchanged, 0 deleted',
    ])
    expect(filesIn(folder)).toMatchObject({
      'my-file.md': '---\nname: One\n---\nBe.\n',
      'two.md': '---\nname: Local\n---\n',
    })
  })

  it('deletes files of deleted personas once it is told to', async () => {
    const place = placeWith()
    await fill(place, [{ name: 'A' }, { name: 'B' }])
    await pull(place)
    const [a] = await service().client.personas.list.query({ projectId: place.projectId })
    await service().client.personas.delete.mutate({ projectId: place.projectId, id: a?.id ?? '' })
    const there = `${join(place.folder, 'a.md')}:1`
    expect((await pull(place)).lines).toContain(`? A: not in the project, ${there}`)
    await expect(pull(place, '--prune')).rejects.toThrow('needs --yes')
    expect(Object.keys(filesIn(place.folder))).toEqual(['a.md', 'b.md'])
    expect((await pull(place, '--prune', '--yes')).lines).toEqual([
      '- a.md',
      '0 new, 0 changed, 1 unchanged, 1 deleted',
    ])
    expect(Object.keys(filesIn(place.folder))).toEqual(['b.md'])
    const empty = await pull({ ...place, projectId: 'mistyped' }, '--prune', '--yes')
    expect(empty).toMatchObject({ code: 1 })
    expect(Object.keys(filesIn(place.folder))).toEqual(['b.md'])
  })

  it('writes nothing where a file cannot be read, and through no symbolic link', async () => {
    const place = placeWith({ 'a.md': '<<<<<<< HEAD\n---\nname: A\n---\n' })
    const outside = join(placeWith({ out: 'mine' }).folder, 'out')
    symlinkSync(outside, join(place.folder, 'b.md'))
    await fill(place, [{ name: 'A' }, { name: 'B' }])
    expect(await pull(place)).toEqual({
      code: 1,
      lines: [expect.stringMatching(/^! .* at line 1, .*a\.md:1$/), 'Nothing was changed.'],
    })
    writeFileSync(join(place.folder, 'a.md'), '---\ndescription: no name\n---\n')
    expect(await pull(place, '--prune', '--yes')).toMatchObject({ code: 1 })
    rmSync(join(place.folder, 'a.md'))
    expect((await pull(place)).lines.slice(0, 2)).toEqual([
      '+ a.md',
      expect.stringMatching(/^\+ b-[0-9a-f]{8}\.md$/),
    ])
    expect(filesIn(place.folder)).toMatchObject({ 'b.md': 'mine' })
  })
})
