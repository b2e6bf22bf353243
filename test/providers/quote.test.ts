import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { quotable } from '../../src/providers/openai/quote.js'

const apiKey = 'sk-test-0123456789'
const quote = (message: string, ...texts: string[]) => quotable(message, { apiKey, texts })

describe('what a provider said', () => {
  it('is one line of at most 300 characters, without keys', () => {
    expect(quote(` Key ${apiKey}\n or sk-other-1234 `)).toBe('Key … or …')
    expect(quote('🙂'.repeat(400))).toBe(`${'🙂'.repeat(299)}…`)
  })

  it('is not shown where it repeats 32 characters of what was sent, and is where it repeats fewer', () => {
    const short = fc.string({ maxLength: 40 }).map((text) => text.replaceAll(/[\s…]/g, '').toWellFormed())
    const piece = fc.stringMatching(/^[a-z]{31}$/)
    fc.assert(
      fc.property(short, short, piece, (before, after, same) => {
        expect(quote(`¡ ${same}Z!`, `${before}${same}z${after}`)).toBe(`¡ ${same}Z!`)
        expect(quote(`¡ ${same}Z!`, 'other', `${before}${same}Z${after}`)).toBe('')
        expect(quote(`¡ ${same} Z!`, `${before}${[...same].join('\n')}Z`)).toBe('')
      }),
    )
  })

  it('is looked for in a long conversation in a moment', () => {
    const message = `${'x'.repeat(31)}y`.repeat(9)
    const began = process.cpuUsage()
    expect(quote(message, 'x'.repeat(1_000_000))).toBe(message)
    // Microseconds of the processor, as the machine may have other work.
    expect(process.cpuUsage(began).user).toBeLessThan(200_000)
  })
})
