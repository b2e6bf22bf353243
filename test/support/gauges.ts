/** What is taken of each limit now, and how many wait for it. */
export async function readGauges(url: string): Promise<Record<string, number>> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const gauges: Record<string, number> = {}
  for (const [, name = '', value] of text.matchAll(/^(limit_(?:used|waiting)\{limit="\w+"\}) (\S+)$/gm)) {
    gauges[name] = Number(value)
  }
  return gauges
}

/** The gauges that are not at zero. */
export async function busyGauges(url: string): Promise<Record<string, number>> {
  const all = Object.entries(await readGauges(url))
  return Object.fromEntries(all.filter(([, value]) => value !== 0))
}
