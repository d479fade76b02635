import { receiveTask, report } from '../../../../../tooling/measure/task.ts';
import { SERVICE_TYPE, type BenchMachine } from '../../relay/machines.ts';
import { join } from '../../relay/processes/connect.ts';

/** A machine as programs have it, which sends now and then. */
export interface QuietTask {
  readonly machine: BenchMachine;
  readonly port: number;
  readonly provider: string;
}

/** So many requests a second. */
export interface QuietOrder {
  readonly perSecond: number;
  readonly ms: number;
}

/** How long each took, and how many were not answered. */
export interface QuietAnswer {
  readonly acceptedMs: number[];
  readonly failed: number;
}

const { machine, port, provider } = await receiveTask<QuietTask>();
const { client } = await join(machine, '127.0.0.1', port);
const address = `${SERVICE_TYPE}@${provider}/echo`;
process.on('message', (order: QuietOrder) => void run(order).then(report));
report({ ready: true });

async function run({ perSecond, ms }: QuietOrder): Promise<QuietAnswer> {
  const acceptedMs: number[] = [];
  let failed = 0;
  const start = performance.now();
  const sent: Promise<void>[] = [];
  for (let n = 0; (n * 1_000) / perSecond < ms; n++) {
    const due = start + (n * 1_000) / perSecond;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
    const since = performance.now();
    sent.push(
      client.request(address, new Uint8Array(256)).then(
        () => void acceptedMs.push(performance.now() - since),
        () => void failed++,
      ),
    );
  }
  await Promise.all(sent);
  return { acceptedMs, failed };
}
