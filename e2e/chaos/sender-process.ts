import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, isQconnError, QconnError, type Client, type RequestOptions } from '@qconn/client';
import { note, type Kind, type TargetWord } from './journal.ts';
import { mindSignals } from './mind-signals.ts';

/** `sender-process.ts FOLDER JOURNAL RUN PROVIDERS KINDS MACHINE…`: machines of one process that ask for work until SIGTERM. */
const [folder = '', journal = '', run = '', providerList = '', kindList = '', ...machines] = process.argv.slice(2);
const providers = providerList.split(',');
/** How often each kind is asked for. */
const SHARES: readonly Kind[] = ['plain', 'plain', 'plain', 'keyed', 'keyed', 'keyed', 'fan', 'stream'];
const kinds = SHARES.filter((kind) => kindList.split(',').includes(kind));
const decoder = new TextDecoder();

/** Requests of one machine at a time. */
const LOOPS = 4;
/** Both deadlines: short, so that nothing is in doubt for long. */
const DEADLINES = { resolutionMs: 5_000, jobMs: 5_000 };
/** How long a keyed request is repeated until it has ended for good: some idle timeouts, for a machine that is slow as well. */
const REPEAT_MS = 120_000;
const STREAM_BYTES = 150_000;
const CANCELLED_SHARE = 0.2;
/** As long as a job takes, and some. */
const CANCELLED_WITHIN_MS = 60;

interface Ending {
  readonly how: string;
  readonly retrySafe: boolean;
  readonly attempts?: number;
  readonly targets?: readonly TargetWord[];
}

let stopping = false;
let count = 0;

async function loop(client: Client, machine: string): Promise<void> {
  while (!stopping) {
    const kind = pick(kinds);
    const id = `${run}-${machine}-${++count}`;
    note(journal, { line: 'start', id, kind, process: run });
    const ending = await KINDS[kind](client, id);
    note(journal, { line: 'end', id, attempts: 1, ...ending });
    await sleep(Math.random() * 60);
  }
}

const KINDS: Readonly<Record<Kind, (client: Client, id: string) => Promise<Ending>>> = {
  plain: (client, id) => {
    const behaviour = pick(['works', 'works', 'works', 'throws', 'rejects']);
    return once(client, 'plain', id, 'x', { headers: { id, behaviour }, ...impatience() });
  },
  keyed: async (client, id) => {
    const address = `keyed@${pick(providers)}/d`;
    const until = performance.now() + REPEAT_MS;
    for (let attempts = 1; ; attempts += 1) {
      const options = { headers: { id }, idempotencyKey: id, waitForTarget: true, ...impatience() };
      const ending = { ...(await once(client, address, id, 'x', options)), attempts };
      if (['completed', 'wrong answer', 'result_unknown'].includes(ending.how) || performance.now() > until)
        return ending;
      await sleep(100 + Math.random() * 200);
    }
  },
  fan: async (client, id) => {
    const targets: TargetWord[] = [];
    try {
      for await (const result of client.requestAll('fan', 'x', { ...DEADLINES, headers: { id } })) {
        const machine = result.target?.hostname ?? '';
        if ('reply' in result) targets.push({ machine, ...judged(result.reply.body, `${id} x`) });
        else targets.push({ machine, how: result.error.code, retrySafe: result.error.retrySafe });
      }
      return { how: 'completed', retrySafe: false, targets };
    } catch (error) {
      return { ...failed(error), targets };
    }
  },
  stream: async (client, id) => {
    const body = new Uint8Array(STREAM_BYTES).fill(id.length);
    try {
      const reply = await client.request('stream', body, { ...DEADLINES, headers: { id } });
      const answer = reply.streamed ? await reply.stream.bytes() : reply.body;
      return judged(answer, decoder.decode(body));
    } catch (error) {
      return failed(error);
    }
  },
};

/** Some requests are cancelled while they are on their way. */
function impatience(): Pick<RequestOptions, 'signal'> {
  return Math.random() < CANCELLED_SHARE
    ? { signal: AbortSignal.timeout(Math.floor(Math.random() * CANCELLED_WITHIN_MS)) }
    : {};
}

async function once(
  client: Client,
  address: string,
  id: string,
  body: string,
  options: RequestOptions,
): Promise<Ending> {
  try {
    const reply = await client.request(address, body, { ...DEADLINES, ...options });
    return judged(reply.body, `${id} ${body}`);
  } catch (error) {
    return failed(error);
  }
}

function judged(answer: Uint8Array, expected: string): Ending {
  return { how: decoder.decode(answer) === expected ? 'completed' : 'wrong answer', retrySafe: false };
}

function failed(error: unknown): Ending {
  if (!isQconnError(error)) throw error;
  return { how: error.code, retrySafe: error.retrySafe };
}

function pick<T>(from: readonly T[]): T {
  const found = from[Math.floor(Math.random() * from.length)];
  if (found === undefined) throw new QconnError('internal', 'There is nothing to choose from.');
  return found;
}

async function send(machine: string): Promise<void> {
  const client = await connect({ credentials: join(folder, machine), agent: 'chaos/1' });
  await Promise.all(Array.from({ length: LOOPS }, () => loop(client, machine)));
  await client.close();
}

process.once('SIGTERM', () => (stopping = true));
mindSignals();
await Promise.all(machines.map(send));
