import { receiveTask, report } from '../../../../../tooling/measure/task.ts';
import { SERVICE_TYPE, type BenchMachine } from '../machines.ts';
import { join } from './connect.ts';

/** What the provider's process is told. */
export interface ProviderTask {
  readonly machine: BenchMachine;
  readonly port: number;
}

/** What the provider's process has used since it began. */
export interface ProviderUsage {
  readonly packets: number;
  readonly cpuUs: number;
}

/**
 * Answers each request with itself; swallows what is streamed, in pieces that are lent to it, or as the device `keeper` in pieces of
 * its own. Says, when asked, what it has used.
 */
const { machine, port } = await receiveTask<ProviderTask>();
const { client, connection } = await join(machine, '127.0.0.1', port);
await client.provide({ device: 'echo', serviceTypes: [SERVICE_TYPE], concurrency: 4_096 }, (job) =>
  job.streamed ? swallow(job.stream.lent()) : job.body,
);
await client.provide({ device: 'keeper', serviceTypes: [SERVICE_TYPE] }, (job) => swallow(job.stream));
process.on('message', () => {
  const { packetsSent, packetsReceived } = connection.stats();
  const { user, system } = process.cpuUsage();
  const usage: ProviderUsage = { packets: packetsSent + packetsReceived, cpuUs: user + system };
  report(usage);
});
report({ ready: true });

async function swallow(stream: AsyncIterable<Uint8Array>): Promise<string> {
  let bytes = 0;
  for await (const piece of stream) bytes += piece.length;
  return String(bytes);
}
