import { receiveTask, report } from '../../../../../tooling/measure/task.ts';
import { isQconnError } from '@qconn/client';
import { measureLoad, warmUp, type LoadResult } from '../../../../../tooling/measure/load.ts';
import { SERVICE_TYPE, type BenchMachine } from '../machines.ts';
import { join } from './connect.ts';

/** What the requester's process is told. */
export interface RequesterTask {
  readonly machine: BenchMachine;
  readonly port: number;
  readonly provider: string;
}

/** One measurement that it is asked for. */
export interface LoadOrder {
  readonly bodyBytes: number;
  readonly inFlight: number;
  /** Streamed requests that run meanwhile, without end. */
  readonly large: number;
  /** Whether their pieces are not lent to the provider, but given. Default false. */
  readonly given?: boolean;
}

/** What came of it, and what this side has used meanwhile. */
export interface LoadAnswer extends LoadResult {
  readonly exchanges: number;
  /** How often one was refused and sent again. */
  readonly refused: number;
  readonly packets: number;
  readonly cpuUs: number;
  /** Megabytes a second that the streamed requests moved. */
  readonly largeMbPerSecond: number;
}

const PIECE_BYTES = 64 * 1024;
const BUSY_PAUSE_MS = 2;

const { machine, port, provider } = await receiveTask<RequesterTask>();
const { client, connection } = await join(machine, '127.0.0.1', port);
let refused = 0;
const address = `${SERVICE_TYPE}@${provider}/echo`;
const keeper = `${SERVICE_TYPE}@${provider}/keeper`;

// As the requester of NATS does before its first load.
await warmUp((answered) => void send(new Uint8Array(256)).then(answered, fail));
process.on('message', (order: LoadOrder) => void measure(order).then(report, fail));
report({ ready: true });

async function measure({ bodyBytes, inFlight, large, given }: LoadOrder): Promise<LoadAnswer> {
  const body = new Uint8Array(bodyBytes);
  const stop = new AbortController();
  let largeBytes = 0;
  const start = performance.now();
  const streams = Array.from({ length: large }, () =>
    client
      .request(
        given === true ? keeper : address,
        endless((bytes) => (largeBytes += bytes), stop.signal),
        { jobMs: 120_000 },
      )
      .catch((error: unknown) => fail(error)),
  );
  const packetsBefore = packets();
  const cpuBefore = process.cpuUsage();
  refused = 0;
  let exchanges = 0;
  const result = await measureLoad(inFlight, (answered) => {
    exchanges++;
    void send(body).then(answered, fail);
  });
  const seen = packets() - packetsBefore;
  const { user, system } = process.cpuUsage(cpuBefore);
  stop.abort();
  await Promise.all(streams);
  const seconds = (performance.now() - start) / 1_000;
  const largeMbPerSecond = Math.round(largeBytes / seconds / 1e6);
  return { ...result, exchanges, refused, packets: seen, cpuUs: user + system, largeMbPerSecond };
}

/** What is refused because the provider is behind, or the hub, was not run, and is sent again when they say so. */
async function send(body: Uint8Array): Promise<void> {
  for (;;) {
    try {
      await client.request(address, body);
      return;
    } catch (error) {
      if (!isQconnError(error, 'busy') && !isQconnError(error, 'quota')) throw error;
      refused += 1;
      await new Promise((resolve) => setTimeout(resolve, error.retryAfterMs ?? BUSY_PAUSE_MS));
    }
  }
}

async function* endless(count: (bytes: number) => void, stop: AbortSignal): AsyncGenerator<Uint8Array> {
  const piece = new Uint8Array(PIECE_BYTES);
  while (!stop.aborted) {
    count(piece.length);
    yield piece;
  }
}

function packets(): number {
  const { packetsSent, packetsReceived } = connection.stats();
  return packetsSent + packetsReceived;
}

function fail(error: unknown): void {
  console.error(error);
  process.exit(1);
}
