import { systemClock } from '@qconn/clock';
import { createQuicEndpoint, type Connection, type Endpoint } from '@qconn/transport';
import { createAuthority } from '../test/pki.ts';
import { echo, readAll } from '../test/waiting.ts';
import { commandLine } from '../../../tooling/command-line/command-line.ts';

const { connections, streams } = commandLine({
  name: 'bench leaks',
  about: `Opens and closes connections and streams, both ends in this process, and shows what is left of them. It is
a failure if a connection or a handle is still open at the end, or if the heap has grown by more than 5 MB. The last line is JSON.`,
  options: {
    connections: { number: 20_000, about: 'how many connections' },
    streams: { number: 200_000, about: 'how many streams, all of one connection' },
  },
});
const AT_ONCE = 20;
const MB = 1_048_576;

/** Where this process prints to. */
const OUTPUT: ReadonlySet<string> = new Set(['PipeWrap', 'TTYWrap']);

/** What the heap may have grown by: a tenth of what 20,000 connections or 200,000 streams would leave that are not forgotten. */
const GROWTH_MAX_BYTES = 5 * MB;

const authority = await createAuthority('leak root');
const tls = await authority.issue({ ips: ['127.0.0.1'] });
const server = await createQuicEndpoint({ clock: systemClock }, { host: '127.0.0.1', tls, handlers: { bench: echo } });
const client = await createQuicEndpoint({ clock: systemClock });
const target = { address: server.address, serverName: '127.0.0.1', alpns: ['bench'], tls: await authority.issue() };

await openAndClose(500);
await useStreams(await client.connect(target), 2_000);
await settle();
const before = report('before');
await openAndClose(connections);
await settle();
report(`after ${connections} connections`);
const connection = await client.connect(target);
await useStreams(connection, streams);
report(`after ${streams} streams (${connection.stats().streams} open)`);
await Promise.all([client.close(), server.close()]);
await settle();
const after = report('all closed');
// Handles of the engine that the collection has found are let go of in an immediate of Node's own.
await new Promise((resolve) => setImmediate(resolve));
const active = process.getActiveResourcesInfo().filter((resource) => !OUTPUT.has(resource));
console.log(`still active: ${active.join(', ') || 'nothing'}`);
const open = server.connections + client.connections;
const ok = active.length === 0 && open === 0 && after.heapUsed - before.heapUsed <= GROWTH_MAX_BYTES;
console.log(
  JSON.stringify({
    bench: 'leaks',
    ok,
    connections,
    streams,
    active,
    open,
    heapBefore: before.heapUsed,
    heapAfter: after.heapUsed,
    rssBefore: before.rss,
    rssAfter: after.rss,
  }),
);
process.exitCode = ok ? 0 : 1;

async function openAndClose(count: number): Promise<void> {
  for (let made = 0; made < count; made += AT_ONCE) {
    const batch = await Promise.all(Array.from({ length: AT_ONCE }, () => client.connect(target)));
    for (const each of batch) each.close(0x40, '');
  }
}

async function useStreams(on: Connection, count: number): Promise<void> {
  const body = new Uint8Array(100);
  for (let used = 0; used < count; used += 200) {
    const answers = Array.from({ length: 200 }, () => {
      const stream = on.openStream();
      stream.write(body);
      stream.end();
      return readAll(stream);
    });
    await Promise.all(answers);
  }
}

/** Closing connections are forgotten after three seconds. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 4_000));
}

function report(when: string): NodeJS.MemoryUsage {
  globalThis.gc?.();
  const usage = process.memoryUsage();
  const { heapUsed, rss, external } = usage;
  const mb = (bytes: number): string => `${(bytes / MB).toFixed(1)} MB`;
  const counts = (endpoint: Endpoint): number => endpoint.connections;
  console.log(
    `${when.padEnd(40)} heap ${mb(heapUsed).padStart(9)}   external ${mb(external).padStart(9)}   resident ${mb(rss).padStart(9)}   open ${counts(server)}/${counts(client)}`,
  );
  return usage;
}
