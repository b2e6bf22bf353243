import { mkdirSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { cardChunk, foreignCard, pngWith } from '../../files/samples.js'
import { onEveryStore } from '../../support/matrix.js'
import { filesIn, type Place, placeWith, run } from './run.js'

const md = (name: string, more = '', body = '') => `---\nname: ${name}\n${more}---\n${body}`

onEveryStore('personas-api push', (service) => {
  const push = ({ folder, projectId }: Place, ...options: string[]) =>
    run(['push', folder, '--project', projectId, ...options], service())
  const namesOf = async ({ projectId }: Place) =>
    (await service().client.personas.list.query({ projectId })).map(({ name }) => name)

  it('creates 200 personas of 200 files, and the second time writes nothing', async () => {
    const files = Array.from({ length: 200 }, (_, at) => [
      `p${at}.md`,
      md(`P ${at}`, 'tags:\n  - a\n', `Be ${at}.\n`),
    ])
    const place = placeWith(Object.fromEntries(files))
    const first = await push(place)
    expect(first).toMatchObject({ code: 0 })
    expect(first.lines.at(-1)).toBe('200 created, 0 updated, 0 unchanged, 0 deleted, 0 failed')
    expect(first.lines).toContain('+ P 17')
    const { projectId } = place
    const before = await service().client.personas.list.query({ projectId })
    expect(before.find(({ name }) => name === 'P 17')).toMatchObject({
      systemPrompt: 'Be 17.\n',
      tags: ['a'],
    })
    expect(await push(place)).toEqual({
      code: 0,
      lines: ['0 created, 0 updated, 200 unchanged, 0 deleted, 0 failed'],
    })
    expect(await service().client.personas.list.query({ projectId })).toEqual(before)
  })

  it('says in a dry run what would change and why not, and changes nothing', async () => {
    const place = placeWith({ 'a.md': md('A', 'description: x\n', 'One'), 'gone.md': md('Gone') })
    await push(place)
    const { folder } = place
    unlinkSync(join(folder, 'gone.md'))
    writeFileSync(join(folder, 'a.md'), md('A', 'description: y\ntags: [b]\n', 'Two'))
    writeFileSync(join(folder, 'team.jsonl'), '{"name":"New"}\n\n{"name":"Odd","descripton":""}\n')
    const before = await service().client.personas.list.query({ projectId: place.projectId })
    const sound = await push(place, '--dry-run', '--prune')
    expect(sound).toEqual({
      code: 0,
      lines: [
        '~ A: description, systemPrompt, tags',
        '+ New',
        '+ Odd',
        `? Odd: descripton is not known: did you mean description?, ${join(folder, 'team.jsonl')}:3`,
        '- Gone',
        'Dry run, nothing was changed: 2 created, 1 updated, 0 unchanged, 1 deleted, 0 failed',
      ],
    })
    writeFileSync(join(folder, 'bad.yaml'), '- name: Ok\n- name: Bad\n  headers: { "X A": b }\n')
    const bad = await push(place, '--dry-run', '--prune')
    expect(bad.code).toBe(1)
    expect(bad.lines).toContainEqual(expect.stringMatching(/^! Bad: .*X A.*bad\.yaml:2$/))
    // With a failed row nothing is pruned, and so none is said to be.
    expect(bad.lines.at(-1)).toContain('3 created, 1 updated, 0 unchanged, 0 deleted, 1 failed')
    expect(await service().client.personas.list.query({ projectId: place.projectId })).toEqual(before)
  })

  it('brings the other rows in where one fails, and deletes nothing', async () => {
    const place = placeWith({ 'old.md': md('Old') })
    await push(place)
    unlinkSync(join(place.folder, 'old.md'))
    writeFileSync(join(place.folder, 'x.csv'), `name,description\nFine,\nLong,${'x'.repeat(2_001)}\n`)
    const { code, lines } = await push(place, '--prune', '--yes')
    expect(code).toBe(1)
    expect(lines).toEqual([
      '+ Fine',
      `! Long: description must be at most 2,000 characters, ${join(place.folder, 'x.csv')}:3`,
      '1 created, 0 updated, 0 unchanged, 0 deleted, 1 failed',
    ])
    expect(await namesOf(place)).toEqual(['Old', 'Fine'])
  })

  it('deletes what is not in the folder once it is told to, and keeps what was changed meanwhile', async () => {
    const place = placeWith({ 'a.md': md('A'), 'b.md': md('B'), 'c.md': md('C') })
    const { folder, projectId } = place
    await push(place)
    for (const file of ['b.md', 'c.md']) unlinkSync(join(folder, file))
    const line = ['push', folder, '--project', projectId, '--prune']
    await expect(push(place, '--prune')).rejects.toThrow('needs --yes')
    expect(await run(line, { ...service(), answer: () => false })).toEqual({
      code: 1,
      lines: ['- B', '- C', 'Delete these 2? [y/N] ', 'Nothing was changed.'],
    })
    expect(await namesOf(place)).toEqual(['A', 'B', 'C'])
    expect((await push(place)).lines).toEqual(['0 created, 0 updated, 1 unchanged, 0 deleted, 0 failed'])
    const changesC = async () => {
      const [c] = await service().client.personas.list.query({ projectId, name: 'C' })
      await service().client.personas.update.mutate({ projectId, id: c?.id ?? '', description: 'mine' })
      return true
    }
    const first = await run(line, { ...service(), answer: changesC })
    expect(first.code).toBe(1)
    expect(first.lines).toContain('! C: it was changed meanwhile, and is not deleted')
    expect(first.lines.at(-1)).toBe('0 created, 0 updated, 1 unchanged, 1 deleted, 1 failed')
    expect(await namesOf(place)).toEqual(['A', 'C'])
    const second = await run(line, { ...service(), answer: () => true })
    expect(second.lines.at(-1)).toBe('0 created, 0 updated, 1 unchanged, 1 deleted, 0 failed')
    expect(await namesOf(place)).toEqual(['A'])
    unlinkSync(join(folder, 'a.md'))
    expect(await push(place, '--prune', '--yes')).toMatchObject({ code: 1 })
    expect(await namesOf(place)).toEqual(['A'])
  })

  it('takes more personas than one import does, in steps, and prunes as ever', async () => {
    const lines = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, at) => `{"name":"N ${from + at}"}\n`).join('')
    const place = placeWith({ 'a.jsonl': lines(0, 600), 'b.jsonl': lines(600, 5_100) })
    expect((await push(place, '--dry-run')).lines.at(-1)).toContain('5100 created')
    unlinkSync(join(place.folder, 'b.jsonl'))
    expect((await push(place)).lines.at(-1)).toContain('600 created')
    writeFileSync(join(place.folder, 'a.jsonl'), lines(1, 600))
    expect((await push(place, '--prune', '--yes')).lines).toEqual([
      '- N 0',
      '0 created, 0 updated, 599 unchanged, 1 deleted, 0 failed',
    ])
  })

  it('keeps everything back for a file that cannot be read, and names the place of each', async () => {
    const place = placeWith({
      'a.md': md('A'),
      'b.yaml': '- name: B\n- name: [\n',
      'c.md': '# A note\n',
      'd.csv': 'name\nD\nD\n',
      'e.md': md('A'),
      'f.png': Buffer.from('x'),
      'g.json': '',
      'h\u001b[2J.md': '',
    })
    const { folder } = place
    const { code, lines } = await push(place)
    expect(code).toBe(1)
    expect(lines.slice(0, -2).map((line) => line.replaceAll(`${folder}/`, ''))).toEqual([
      expect.stringMatching(/^! The file is not valid YAML: .* at line \d, column \d+, b\.yaml:\d$/),
      '! The file must begin with front matter, between lines of --- at line 1, c.md:1',
      '! D: the name is taken by d.csv:2, d.csv:3',
      '! A: the name is taken by a.md:1, e.md:1',
      expect.stringMatching(/^! .*, f\.png$/),
      '! The file is empty, g.json',
      '! The file is empty, h\ufffd[2J.md',
    ])
    expect(lines.at(-1)).toBe('Nothing was changed.')
    expect(await namesOf(place)).toEqual([])
  })

  it('follows no symbolic links and reads no subfolders: says so, and with --prune refuses', async () => {
    const place = placeWith({ 'a.md': md('A'), 'README.md': '# Ours\n', '.hidden.md': 'x', 'notes.txt': 'x' })
    const { folder } = place
    const outside = placeWith({ 'z.md': md('Z') })
    symlinkSync(join(outside.folder, 'z.md'), join(folder, 'link.md'))
    mkdirSync(join(folder, 'more'))
    const { code, lines } = await push(place)
    expect(code).toBe(0)
    expect(lines.map((line) => line.replaceAll(`${folder}/`, ''))).toEqual([
      '? a symbolic link, which is not followed, link.md',
      '? a subfolder, which is not read, more',
      '? not a file of personas, notes.txt',
      '+ A',
      '1 created, 0 updated, 0 unchanged, 0 deleted, 0 failed',
    ])
    expect(await push(place, '--prune', '--yes')).toMatchObject({ code: 1 })
    expect(await namesOf(place)).toEqual(['A'])
  })

  it('keeps the line breaks of a file with CRLF, and pulls it as it is', async () => {
    const text = '---\r\nname: W\r\ndescription: d\r\n---\r\nOne\r\nTwo\r\n\r\n'
    const place = placeWith({ 'w.md': text })
    await push(place)
    const [persona] = await service().client.personas.list.query({ projectId: place.projectId })
    expect(persona).toMatchObject({ description: 'd', systemPrompt: 'One\r\nTwo\r\n\r\n' })
    expect((await push(place)).lines).toEqual(['0 created, 0 updated, 1 unchanged, 0 deleted, 0 failed'])
    await run(['pull', place.folder, '--project', place.projectId], service())
    expect(filesIn(place.folder)).toEqual({ 'w.md': text })
  })

  it('brings the portrait of a PNG card along, once', async () => {
    const png = await pngWith([cardChunk('chara', foreignCard({ tags: [] }))])
    const place = placeWith({ 'card.png': png, 'a.md': md('A'), 'z.md': md('Z') })
    expect((await push(place, '--dry-run')).lines).toContain('+ Seraphina')
    expect((await push(place)).lines).toContain('+ Seraphina')
    const list = () => service().client.personas.list.query({ projectId: place.projectId })
    const found = (await list()).find(({ name }) => name === 'Seraphina')
    expect(found?.imageUrl).toMatch(/\.png$/)
    expect((await push(place)).lines.at(-1)).toContain('0 created, 0 updated, 3 unchanged')
    const other = await pngWith([cardChunk('chara', foreignCard({ tags: [] }))], { width: 64, height: 64 })
    writeFileSync(join(place.folder, 'card.png'), other)
    expect((await push(place, '--dry-run')).lines).toContain('~ Seraphina: portrait')
    expect((await push(place)).lines).toContain('~ Seraphina: portrait')
  })
})
