import { setTimeout as sleep } from 'node:timers/promises';
import { connect, isQconnError, type Client } from '@qconn/client';
import type { Load, Measured } from './load.ts';

/** `machine-process.ts CREDENTIALS`: a machine that provides `work`, and sends it at the pace that it is told over IPC. */
const client = await connect({ credentials: process.argv[2] ?? '', agent: 'overload/1' });
await client.connected({ phase: 'online' });
process.once('disconnect', () => process.exit(0));
process.on('message', (load: Load) => void obey(load));
process.send?.('ready');

async function obey(load: Load): Promise<void> {
  if (load.kind === 'provide') {
    await client.provide({ device: 'd', serviceTypes: ['work'], concurrency: 10_000 }, ({ body }) => body);
    process.send?.('providing');
    return;
  }
  process.send?.(load.kind === 'closed' ? await closed(client, load) : await paced(client, load));
}

/** So many requests in flight, always. */
async function closed(to: Client, { inFlight, ms }: Extract<Load, { kind: 'closed' }>): Promise<Measured> {
  const measured: Measured = { acceptedMs: [], refusedMs: [] };
  const end = performance.now() + ms;
  const loop = async (): Promise<void> => {
    while (performance.now() < end) await one(to, measured);
  };
  await Promise.all(Array.from({ length: inFlight }, loop));
  return measured;
}

/** So many requests a second, whatever becomes of them: each counts from when it was due. */
async function paced(to: Client, { perSecond, ms }: Extract<Load, { kind: 'paced' }>): Promise<Measured> {
  const measured: Measured = { acceptedMs: [], refusedMs: [] };
  const start = performance.now();
  const sent: Promise<void>[] = [];
  for (let n = 0; (n * 1_000) / perSecond < ms;) {
    const due = start + (n * 1_000) / perSecond;
    if (due > performance.now()) await sleep(1);
    else {
      sent.push(one(to, measured, due));
      n += 1;
    }
  }
  await Promise.all(sent);
  return measured;
}

async function one(to: Client, { acceptedMs, refusedMs }: Measured, begun = performance.now()): Promise<void> {
  try {
    await to.request('work', 'x'.repeat(256));
    acceptedMs.push(performance.now() - begun);
  } catch (error) {
    if (!isQconnError(error) || !error.retrySafe) throw error;
    refusedMs.push(performance.now() - begun);
  }
}
