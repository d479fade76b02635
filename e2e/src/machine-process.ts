import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  connect,
  isQconnError,
  QconnError,
  type Client,
  type Handler,
  type Job,
  type RequestOptions,
} from '@qconn/client';

/** What a test tells a machine’s process to do. Requests have numbers of the test's. */
export type Order =
  | { readonly order: 'provide'; readonly device: string; readonly behaviour: Behaviour; readonly concurrency?: number }
  | RequestOrder
  | { readonly order: 'cancel'; readonly n: number }
  | { readonly order: 'release' }
  | { readonly order: 'count'; readonly n: number }
  /** `next` is what it does as soon as it goes on, before it hears of anything that has come meanwhile. */
  | { readonly order: 'stand still'; readonly n: number; readonly next?: RequestOrder };

interface RequestOrder {
  readonly order: 'request';
  readonly n: number;
  readonly address: string;
  readonly options: RequestOptions;
}

/** What a machine’s process tells the test. */
export type Word =
  | { readonly word: 'online' }
  | { readonly word: 'provided'; readonly device: string }
  | { readonly word: 'ran'; readonly key: string }
  /** A handler that stops when it is told to was told. */
  | { readonly word: 'stopped'; readonly key: string }
  /** Of a count: all that ran before has been told. Of standing still: it does nothing more. */
  | { readonly word: 'obeyed'; readonly n: number }
  | { readonly word: 'stage'; readonly n: number; readonly stage: string }
  | { readonly word: 'end'; readonly n: number; readonly how: string; readonly retrySafe: boolean };

/** For the jobs that wait now. */
let released = Promise.withResolvers<void>();

const BEHAVIOURS = {
  answers: () => 'done',
  waits: () => released.promise.then(() => 'done'),
  hangs: () => new Promise<never>(() => {}),
  throws: () => {
    throw new Error('jammed');
  },
  rejects: () => {
    throw new QconnError('rejected', 'out of labels');
  },
  stops: (job) =>
    new Promise<never>((_, reject) => {
      job.signal.addEventListener('abort', () => {
        tell({ word: 'stopped', key: keyOf(job) });
        reject(new Error('stopped'));
      });
    }),
  streams: () => new Uint8Array(100_000),
  cuts: () => ({ body: cutShort() }),
  lies: () => (forgeDigests(), { body: new Uint8Array(100_000) }),
} satisfies Readonly<Record<string, Handler>>;

export type Behaviour = keyof typeof BEHAVIOURS;

/** `machine-process.ts CREDENTIALS JOURNAL`: a machine in a process of its own, which does what it is told over IPC. */
async function run(credentials: string, journal: string): Promise<void> {
  const client = await connect({ credentials, agent: 'e2e/1', journal });
  const aborts = new Map<number, AbortController>();
  process.on('message', (order: Order) => void obey(client, order, aborts));
  await client.connected({ phase: 'online' });
  tell({ word: 'online' });
}

async function obey(client: Client, order: Order, aborts: Map<number, AbortController>): Promise<void> {
  if (order.order === 'cancel') return aborts.get(order.n)?.abort();
  if (order.order === 'count') return tell({ word: 'obeyed', n: order.n });
  if (order.order === 'stand still') {
    tell({ word: 'obeyed', n: order.n });
    process.kill(process.pid, 'SIGSTOP');
    return order.next && request(client, order.next, aborts);
  }
  if (order.order === 'release') {
    released.resolve();
    released = Promise.withResolvers<void>();
    return;
  }
  if (order.order === 'request') return request(client, order, aborts);
  const { device, behaviour, concurrency } = order;
  const handler: Handler = BEHAVIOURS[behaviour];
  await client.provide({ device, serviceTypes: ['work'], concurrency }, (job) => {
    tell({ word: 'ran', key: keyOf(job) });
    return handler(job);
  });
  tell({ word: 'provided', device });
}

function keyOf({ headers }: Job): string {
  return headers['key'] ?? '';
}

async function request(
  client: Client,
  { n, address, options }: RequestOrder,
  aborts: Map<number, AbortController>,
): Promise<void> {
  const abort = new AbortController();
  aborts.set(n, abort);
  const onStatus: RequestOptions['onStatus'] = ({ stage }) => tell({ word: 'stage', n, stage });
  try {
    const reply = await client.request(address, 'x', { ...options, signal: abort.signal, onStatus });
    if (reply.streamed) await reply.stream.bytes();
    tell({ word: 'end', n, how: 'completed', retrySafe: false });
  } catch (error) {
    if (!isQconnError(error)) throw error;
    tell({ word: 'end', n, how: error.code, retrySafe: error.retrySafe });
  }
}

/** A body whose source fails in the middle. */
async function* cutShort(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(80_000);
  await sleep(10);
  throw new Error('the scanner was unplugged');
}

/** From here on this process is a faulty program: the digest of what it sends is that of something else. */
function forgeDigests(): void {
  const { createHash } = crypto;
  crypto.createHash = (algorithm) => {
    const hash = createHash(algorithm);
    hash.update = () => hash;
    return hash;
  };
  syncBuiltinESMExports();
}

function tell(word: Word): void {
  process.send?.(word);
}

if (import.meta.main) await run(process.argv[2] ?? '', process.argv[3] ?? '');
