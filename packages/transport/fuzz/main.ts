import { fork } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import path from 'node:path';
import { systemClock } from '@qconn/clock';
import { seededRandom } from '@qconn/testkit';
import { createQuicEndpoint, type Connection, type SocketAddress } from '@qconn/transport';
import { commandLine } from '../../../tooling/command-line/command-line.ts';
import { WHOLE_NURSERY } from '../../../tooling/measure/nursery.ts';
import { createAuthority } from '../test/pki.ts';
import { RawClient } from '../test/raw-client.ts';
import { readBytes } from '../test/waiting.ts';
import { HostileDatagrams } from './hostile-datagrams.ts';

/**
 * Half of the time is a warm-up; from then on, once all is quiet again and garbage has been collected, the endpoint's resident
 * memory is compared: at most a tenth more may be left. The seed settles what is sent; keys and ids of real packets are fresh each time.
 */
const { seconds, seed = Date.now() % 1e9 } = commandLine({
  name: 'fuzz',
  about: `Sends an endpoint, which is a process of its own, datagrams that no honest peer would send, from strangers and within an
established connection, while a bystander and that connection go on talking. The last line is JSON.`,
  options: {
    seconds: { number: 20, about: 'for how long' },
    seed: { number: undefined, about: 'the same sends the same' },
  },
});

/** What may be left of the memory, as a share of what was there. */
const GROWTH_MAX = 0.1;

/** Half-open and closing connections of the endpoint are gone by then, in milliseconds. */
const QUIET_MS = 6_000;

/** How often is looked again where too much is left: what is gone in the end was only late, what has leaked stays. */
const LOOKS_MAX = 5;

/** An echo that takes longer is none, in milliseconds. */
const PATIENCE_MS = 60_000;

/**
 * Datagrams that may be thrown between two echoes of the bystander: what is looked for is an endpoint that fails at what it reads, and
 * not one whose socket overflows.
 */
const LEAD = 512;

/** Real datagrams that are kept to be spoilt. */
const CORPUS = 64;

interface Report {
  readonly rss: number;
  readonly heapUsed: number;
  readonly connections: number;
}

const authority = await createAuthority('fuzz root');
const machine = await authority.issue();
const endpoint = fork(path.join(import.meta.dirname, 'endpoint.ts'), {
  stdio: 'inherit',
  execArgv: [...process.execArgv, ...WHOLE_NURSERY],
});
endpoint.send(await authority.issue({ ips: ['127.0.0.1'] }));
const [address] = (await once(endpoint, 'message')) as [SocketAddress];
const died = once(endpoint, 'exit').then(() => Promise.reject(new Error('the endpoint has died')));
died.catch(() => undefined);

const hostile = new HostileDatagrams(seededRandom(seed));
const strangers = await Promise.all(Array.from({ length: 4 }, () => openSocket()));
const client = await createQuicEndpoint({ clock: systemClock });
const target = { address, serverName: '127.0.0.1', alpns: ['qconn/1'], tls: machine };
const bystander = await client.connect(target);
const insider = await RawClient.create(address, machine);
await insider.until(() => insider.native.isEstablished());
insider.socket.on('message', (bytes: Buffer) => {
  insider.take(bytes);
  insider.flush();
});
const first: Buffer[] = [];
const later: Buffer[] = [];
let sent = 0;
let echoes = 0;
let sentAtEcho = 0;
let echoed = 0;

console.log(`seed ${seed}`);
const chatting = new AbortController();
const chat = Promise.race([talk(bystander), died]);
await attack(seconds * 500);
const before = await quiet();
await attack(seconds * 500);
let after = await quiet();
const growth = (): number => after.rss / before.rss - 1;
for (let looks = 0; looks < LOOKS_MAX && growth() > GROWTH_MAX; looks += 1) after = await quiet();
chatting.abort();
await chat;
const newcomer = await Promise.race([client.connect(target), died]);
await say(newcomer);
const insiderAlive = !insider.native.isClosed() && !insider.native.isDraining();
const told = Buffer.from(insider.native.peerError()?.reason ?? '').toString();
await client.close();
insider.close();
for (const each of strangers) each.close();
endpoint.disconnect();

const ok = growth() <= GROWTH_MAX && insiderAlive && echoes > 0;
console.log(
  `${sent} hostile datagrams; ${echoes} echoes for the bystander and ${echoed} bytes for the connection that was attacked, which ${insiderAlive ? 'lives' : `has ended: ${told}`}`,
);
console.log(`resident memory ${mb(before.rss)} before and ${mb(after.rss)} after`);
console.log(
  JSON.stringify({
    bench: 'fuzz',
    seed,
    seconds,
    ok,
    sent,
    echoes,
    insiderAlive,
    rssBefore: before.rss,
    rssAfter: after.rss,
    growth: growth(),
  }),
);
process.exitCode = ok ? 0 : 1;

async function attack(ms: number): Promise<void> {
  const end = performance.now() + ms;
  while (performance.now() < end) {
    await gather();
    for (let count = 0; count < 64; count += 1) throwOne();
    do await Promise.race([new Promise((resolve) => setTimeout(resolve, 1)), chat]);
    while (sent - sentAtEcho > LEAD && performance.now() < end);
  }
}

/** Keeps real datagrams at hand: first ones of handshakes that go no further, and later ones of the insider. */
async function gather(): Promise<void> {
  if (first.length < CORPUS || hostile.pick(50) === 0) {
    const starter = await RawClient.create(address, machine);
    keep(first, starter.packet());
    starter.close();
  }
  insider.native.streamSend(0, Buffer.alloc(1 + hostile.pick(300), 0x71), false);
  for (let packet = insider.packet(); packet !== undefined; packet = insider.packet()) {
    keep(later, packet);
    insider.socket.send(packet, address.port, address.host);
  }
  const sink = Buffer.alloc(4_096);
  for (let read = insider.native.streamRecv(0, sink); read !== null; read = insider.native.streamRecv(0, sink))
    echoed += read[0];
}

function throwOne(): void {
  const stranger = strangers[hostile.pick(strangers.length)] as Socket;
  const [start, start2] = [any(first), any(first)];
  const [packet, packet2] = [any(later), any(later)];
  switch (hostile.pick(10)) {
    case 0:
      return hurl(stranger, hostile.noise());
    case 1:
      return hurl(stranger, hostile.likeFirst());
    case 2:
      return hurl(stranger, hostile.mutated(start));
    case 3:
      return hurl(stranger, hostile.truncated(start));
    case 4:
      return hurl(stranger, start);
    case 5:
      return hurl(stranger, hostile.spliced(start, start2));
    case 6:
      return hurl(insider.socket, hostile.mutated(packet));
    case 7:
      return hurl(insider.socket, hostile.truncated(packet));
    case 8:
      return hurl(insider.socket, hostile.pick(2) === 0 ? packet : hostile.spliced(packet, packet2));
    default:
      return hurl(hostile.pick(2) === 0 ? stranger : insider.socket, hostile.likeLater(packet));
  }
}

function hurl(from: Socket, datagram: Buffer): void {
  sent += 1;
  from.send(datagram, address.port, address.host);
}

function any(datagrams: readonly Buffer[]): Buffer {
  return datagrams[hostile.pick(datagrams.length)] ?? Buffer.alloc(1);
}

function keep(datagrams: Buffer[], datagram: Buffer | undefined): void {
  if (datagram === undefined) return;
  if (datagrams.length === CORPUS) datagrams.shift();
  datagrams.push(datagram);
}

/** The bystander says something, waits for the echo, and so on. */
async function talk(connection: Connection): Promise<void> {
  while (!chatting.signal.aborted) {
    await say(connection);
    echoes += 1;
    sentAtEcho = sent;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function say(connection: Connection): Promise<void> {
  const stream = connection.openStream();
  stream.write(Buffer.from('still there?'));
  stream.end();
  const impatience = Promise.withResolvers<never>();
  const timer = setTimeout(() => impatience.reject(new Error('the endpoint no longer answers')), PATIENCE_MS);
  const answer = readBytes(stream, 12).catch(async () => Promise.reject((await connection.closed).error));
  await Promise.race([answer, impatience.promise]);
  clearTimeout(timer);
}

async function quiet(): Promise<Report> {
  await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
  endpoint.send('report');
  const [report] = (await Promise.race([once(endpoint, 'message'), died])) as [Report];
  return report;
}

async function openSocket(): Promise<Socket> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  socket.on('error', () => undefined);
  return socket;
}

function mb(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MB`;
}
