import { systemClock } from '@qconn/clock';
import { createFaultyNetwork } from '@qconn/testkit';
import { createQuicEndpoint, type Connection } from '@qconn/transport';
import { createAuthority } from '../test/pki.ts';
import { commandLine } from '../../../tooling/command-line/command-line.ts';

const { 'round-trip-ms': roundTripMs } = commandLine({
  name: 'bench reconnect',
  about: `How long a client that comes back waits for the welcome, and what that costs both sides together in processor time: with a
full handshake, with a ticket, and with the hello in early data. The last line is JSON.`,
  options: { 'round-trip-ms': { number: 50, least: 0, about: 'the path there and back' } },
});
const TRIES = 30;

const WAYS = [
  { name: 'full handshake', key: 'full', resume: false, early: false },
  { name: 'with a ticket', key: 'resumed', resume: true, early: false },
  { name: 'with a ticket, hello in early data', key: 'early', resume: true, early: true },
] as const;

const authority = await createAuthority('bench root');
const server = await createQuicEndpoint(
  { clock: systemClock },
  {
    host: '127.0.0.1',
    tls: await authority.issue({ ips: ['127.0.0.1'] }),
    handlers: { bench: welcome },
    earlyData: true,
  },
);
const faults = { delayMs: roundTripMs / 2 };
const network = await createFaultyNetwork(systemClock, { target: server.address, faults });
const client = await createQuicEndpoint({ clock: systemClock });
const target = { address: network.address, serverName: '127.0.0.1', alpns: ['bench'], tls: await authority.issue() };

let ticket: Uint8Array | undefined;
const figures: Record<string, number> = { roundTripMs };
await reconnect(WAYS[0]);
console.log(`until the welcome, at a round trip of ${roundTripMs} ms         p50 ms   processor ms`);
for (const way of WAYS) {
  const before = process.cpuUsage();
  const times: number[] = [];
  for (let count = 0; count < TRIES; count += 1) times.push(await reconnect(way));
  const { user, system } = process.cpuUsage(before);
  const p50 = times.toSorted((a, b) => a - b)[TRIES >> 1] ?? 0;
  const cpu = (user + system) / 1_000 / TRIES;
  figures[`${way.key}.p50Ms`] = Number(p50.toFixed(1));
  figures[`${way.key}.cpuMs`] = Number(cpu.toFixed(2));
  console.log(`  ${way.name.padEnd(46)} ${p50.toFixed(1).padStart(8)} ${cpu.toFixed(2).padStart(14)}`);
}
for (const each of [client, network, server]) await each.close();
console.log(JSON.stringify({ bench: 'reconnect', ...figures }));

/** Answers the first thing that is said. */
function welcome(connection: Connection): void {
  connection.onStream((stream) =>
    stream.read({ data: () => void stream.write(Buffer.from('welcome')), end: () => {} }),
  );
}

/** Connects, says hello as early as it may, and waits for the answer. @returns milliseconds */
async function reconnect({ resume, early }: (typeof WAYS)[number]): Promise<number> {
  const begun = performance.now();
  const answer = Promise.withResolvers<number>();
  let said = false;
  const hello = (connection: Connection): void => {
    said = true;
    const stream = connection.openStream();
    stream.read({ data: () => answer.resolve(performance.now() - begun), end: () => {} });
    stream.write(Buffer.from('hello'));
  };
  const connection = await client.connect({
    ...target,
    onTicket: (given) => (ticket = given),
    ...(resume && ticket && { ticket }),
    ...(early && { early: hello }),
  });
  if (!said) hello(connection);
  const took = await answer.promise;
  if (connection.resumed !== resume)
    throw new Error('A ticket was taken where there was none, or the other way round.');
  connection.close(0x40, '');
  return took;
}
