import { once } from 'node:events';
import { systemClock } from '@qconn/clock';
import { createQuicEndpoint } from '@qconn/transport';
import { receiveTask, report } from '../../../../tooling/measure/task.ts';
import { type Task } from './task.ts';

/** Connects, once it is told to: either again and again for a time, or so many times to stay. */
const task = await receiveTask<Task & { port: number; keep: number; forMs: number }>();
const endpoint = await createQuicEndpoint({ clock: systemClock });
const target = {
  address: { host: '127.0.0.1', port: task.port },
  serverName: '127.0.0.1',
  alpns: ['bench'],
  tls: task.identities.client,
};

async function churn(until: number): Promise<number> {
  let made = 0;
  while (performance.now() < until) {
    const connection = await endpoint.connect(target);
    connection.close(0x40, '');
    made += 1;
  }
  return made;
}

async function keep(count: number): Promise<number> {
  for (let made = 0; made < count; made += 50) {
    await Promise.all(Array.from({ length: Math.min(50, count - made) }, () => endpoint.connect(target)));
  }
  return count;
}

const told = once(process, 'message');
report({ ready: true });
await told;
const until = performance.now() + task.forMs;
const made =
  task.keep > 0
    ? await keep(task.keep)
    : (await Promise.all(Array.from({ length: 32 }, () => churn(until)))).reduce((sum, count) => sum + count, 0);
report({ made });
