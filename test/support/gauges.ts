/** What is taken of each limit now, and how many wait for it; the request that reads them is left out. */
export async function readGauges(url: string): Promise<Record<string, number>> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const gauges: Record<string, number> = {}
  for (const [, name = '', value] of text.matchAll(/^(limit_(?:used|waiting)\{limit="\w+"\}) (\S+)$/gm)) {
    gauges[name] = Number(value) - (name === 'limit_used{limit="requests"}' ? 1 : 0)
  }
  return gauges
}

/** The gauges that are not at zero. */
export async function busyGauges(url: string): Promise<Record<string, number>> {
  const all = Object.entries(await readGauges(url))
  return Object.fromEntries(all.filter(([, value]) => value !== 0))
}
