import type { CallOptions, ConversationMessage, PersonaTurn, SimulateInput } from './types.js'

/** Messages of the persona, at most, unless it is given. */
const MAX_TURNS = 20
/** The most messages of a conversation that the service takes. */
const MAX_MESSAGES = 200

/** A message of the conversation, as the agent sees it: `user` is the persona, `assistant` the agent. */
export interface SimulatedMessage extends ConversationMessage {
  content: string
}

/** What `simulate` takes beside the input of `personas.simulate`. */
export interface SimulateOptions extends Omit<SimulateInput, 'messages'> {
  /** Answers the persona: gets the conversation so far, whose last message is the persona's, and gives the reply. */
  agent: (messages: SimulatedMessage[], options: CallOptions) => string | Promise<string>
  /** What was said before; its last message is the agent's. */
  messages?: readonly SimulatedMessage[] | undefined
  /** Ends the conversation: the loop throws its reason. */
  signal?: AbortSignal | undefined
}

/** One turn of a conversation. */
export interface SimulatedTurn extends PersonaTurn {
  /** What the agent answered; absent once the conversation is over. */
  reply?: string
  /** The conversation so far, this turn and its answer included. */
  transcript: SimulatedMessage[]
}

/** The call that the loop makes: a client of the service has it. */
interface Simulating {
  personas: {
    simulate: { mutate: (input: SimulateInput, options?: CallOptions) => Promise<PersonaTurn> }
  }
}

/**
 * A conversation between a persona and the agent that is tested, turn by turn, until the persona is done or has said
 * `maxTurns` messages (20 unless it is given; never more than fit in the 200 messages that the service takes). The last turn is the one with `done`. No call is made twice: each may
 * be paid for. An error of a call or of the agent ends it.
 *
 * @example
 * for await (const turn of simulate(client, { projectId, id, goal, agent })) console.log(turn.message?.content)
 */
export async function* simulate(
  client: Simulating,
  { agent, signal, messages = [], maxTurns = MAX_TURNS, ...input }: SimulateOptions,
): AsyncGenerator<SimulatedTurn, void, undefined> {
  const said = [...messages]
  const options = signal === undefined ? {} : { signal }
  const spoken = said.filter(({ role }) => role === 'user').length
  // What no longer fits would be refused, after all the turns before it were paid for.
  const fitting = Math.max(1, spoken + Math.floor((MAX_MESSAGES - said.length) / 2))
  const most = Math.min(maxTurns, fitting)
  for (;;) {
    signal?.throwIfAborted()
    const turn = await client.personas.simulate.mutate(
      { ...input, messages: [...said], maxTurns: most },
      options,
    )
    if (turn.message !== undefined) said.push(turn.message)
    if (turn.done) {
      yield { ...turn, transcript: [...said] }
      return
    }
    const reply = await untilAborted(agent([...said], options), signal)
    said.push({ role: 'assistant', content: reply })
    yield { ...turn, reply, transcript: [...said] }
  }
}

/** What an agent answers, or the signal's reason where that comes first: an agent may not look at the signal. */
async function untilAborted<T>(answer: T | Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return answer
  let giveUp = () => {}
  const aborted = new Promise<never>((_, reject) => {
    giveUp = () => reject(signal.reason)
    if (signal.aborted) giveUp()
    else signal.addEventListener('abort', giveUp, { once: true })
  })
  try {
    return await Promise.race([aborted, answer])
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}
