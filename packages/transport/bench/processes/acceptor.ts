import { systemClock } from '@qconn/clock';
import { createQuicEndpoint } from '@qconn/transport';
import { receiveTask, report } from '../../../../tooling/measure/task.ts';
import type { Task } from './task.ts';

/** Accepts connections and says, when asked, how many, how much memory it holds and how much processor time it has used. */
const { identities } = await receiveTask<Task>();
fillNursery();
let accepted = 0;
const endpoint = await createQuicEndpoint(
  { clock: systemClock },
  {
    host: '127.0.0.1',
    tls: identities.server,
    handlers: { bench: () => void (accepted += 1) },
    admission: { maxConnectionsPerSource: 20_000, retryFrom: 4_000 },
  },
);
process.on('message', () => {
  globalThis.gc?.();
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  report({
    accepted,
    open: endpoint.connections,
    rssBytes: process.memoryUsage().rss,
    cpuMs: (userCPUTime + systemCPUTime) / 1_000,
  });
});
report({ port: endpoint.address.port });

/** Writes to all of V8's nursery, so that its memory is there before the first connection is counted. */
function fillNursery(): void {
  const last: number[][] = [];
  for (let kilobytes = 0; kilobytes < 128 * 1024; kilobytes += 1)
    last[kilobytes % 64] = Array.from({ length: 128 }, () => kilobytes);
}
