import { createHash, randomBytes } from 'node:crypto';
import { systemClock } from '@qconn/clock';
import { createFaultyNetwork, type Faults, type FaultyNetwork } from '@qconn/testkit';
import { createQuicEndpoint, type Connection, type Endpoint, type Stream, type TlsIdentity } from '@qconn/transport';
import { Events, readAll, readBytes, writeAll } from './waiting.ts';

/** A row of the fault table: what the network does while data moves. */
export interface Fault {
  readonly name: string;
  readonly faults?: Faults;
  /** What happens besides, from the start of the transfer. @returns its end */
  readonly meanwhile?: (network: FaultyNetwork) => () => void;
}

/** Bytes in front of an echo that say how long it is. */
const HEADER_BYTES = 4;

/** Slow enough that what happens every second happens several times. */
const UNHURRIED: Faults = { bytesPerSecond: 3_000_000, delayMs: 5 };

/** Delays are of one way: half a round trip. */
export const FAULT_TABLE: readonly Fault[] = [
  { name: 'no impairment' },
  { name: 'loss of 1 %', faults: { loss: 0.01 } },
  { name: 'loss of 5 %', faults: { loss: 0.05 } },
  { name: 'loss of 30 %', faults: { loss: 0.3 } },
  { name: 'a round trip of 1 ms', faults: { delayMs: 0.5 } },
  { name: 'a round trip of 50 ms', faults: { delayMs: 25 } },
  { name: 'a round trip of 300 ms', faults: { delayMs: 150 } },
  { name: 'reordering of 10 %', faults: { reorder: 0.1 } },
  { name: 'duplication of 10 %', faults: { duplicate: 0.1 } },
  { name: 'corruption of 1 %', faults: { corrupt: 0.01 } },
  { name: 'a narrow link that tells nobody', faults: { mtuBytes: 1_200 } },
  { name: '10 MB/s with a short queue', faults: { bytesPerSecond: 10_000_000 } },
  { name: 'two seconds of silence', meanwhile: silence },
  { name: 'another address every second', faults: UNHURRIED, meanwhile: rebindings(1_000, Number.POSITIVE_INFINITY) },
  { name: 'another address, three times within half a second', faults: UNHURRIED, meanwhile: rebindings(150, 3) },
];

/** Both ends of a connection through a faulty network, and what closes all of it. */
export interface Connected {
  readonly network: FaultyNetwork;
  readonly server: Endpoint;
  readonly ours: Connection;
  readonly theirs: Connection;
  readonly close: () => Promise<void>;
}

/** How a connection is made. */
export interface Through {
  readonly hub: TlsIdentity;
  readonly machine: TlsIdentity;
  readonly faults?: Faults;
  readonly seed: number;
  readonly handshakeDeadlineMs?: number;
}

/** Connects to an endpoint that echoes, through a faulty network. */
export async function connectThrough({ hub, machine, seed, faults = {}, ...options }: Through): Promise<Connected> {
  const accepted = new Events<Connection>();
  const handler = (connection: Connection): void => {
    echoAsAsked(connection);
    accepted.push(connection);
  };
  const clock = systemClock;
  const serving = { host: '127.0.0.1', tls: hub, handlers: { 'qconn/1': handler } };
  const server = await createQuicEndpoint({ clock }, { ...serving, ...options });
  const network = await createFaultyNetwork(clock, { target: server.address, seed, faults });
  const client = await createQuicEndpoint({ clock }, options);
  const close = async (): Promise<void> => {
    await client.close();
    await network.close();
    await server.close();
  };
  const target = { address: network.address, serverName: '127.0.0.1', alpns: ['qconn/1'], tls: machine };
  try {
    return { network, server, ours: await client.connect(target), theirs: await accepted.next(), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * Sends back as many bytes of each stream as its first four say, and ends it. Who has asked ends its side afterwards: an echo that
 * comes to its end after the other side has may lose it (docs/adr/0004-native-quiche.md).
 */
function echoAsAsked(connection: Connection): void {
  connection.onStream((stream) => {
    let header = Buffer.alloc(0);
    let left = 0;
    stream.read({
      data: (chunk) => {
        let bytes = chunk;
        if (header.length < HEADER_BYTES) {
          const wanted = HEADER_BYTES - header.length;
          header = Buffer.concat([header, chunk.subarray(0, wanted)]);
          bytes = chunk.subarray(wanted);
          if (header.length < HEADER_BYTES) return;
          left = header.readUInt32BE();
        }
        left -= bytes.length;
        const room = stream.write(bytes);
        if (left === 0) return stream.end();
        if (room) return;
        stream.pause();
        stream.writable().then(
          () => stream.resume(),
          () => undefined,
        );
      },
      end: () => undefined,
    });
  });
}

/** A stream on which so many bytes will be echoed. */
function openEcho(connection: Connection, bytes: number): Stream {
  const stream = connection.openStream();
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE(bytes);
  stream.write(header);
  stream.endWithPeer();
  return stream;
}

/** Sends a body and takes its echo. @throws when a byte is wrong or missing */
export async function moveBody(connection: Connection, bytes: number): Promise<void> {
  const stream = openEcho(connection, bytes);
  const body = randomBytes(bytes);
  const back = readAll(stream);
  await writeAll(stream, body);
  const received = await back;
  if (received.end.kind !== 'finished') throw new Error(`the echo ended early: ${received.end.kind}`);
  if (sha256(received.bytes) !== sha256(body)) throw new Error('the echo is not what was sent');
}

/** Sends messages of 200 bytes, twenty at a time, and takes their echoes. @throws when a byte is wrong or missing */
export async function moveMessages(connection: Connection, count: number): Promise<void> {
  const stream = openEcho(connection, 200 * count);
  for (let sent = 0; sent < count; sent += 20) {
    const messages = Array.from({ length: Math.min(20, count - sent) }, () => randomBytes(200));
    for (const message of messages) stream.write(message);
    const back = await readBytes(stream, messages.length * 200);
    if (!back.equals(Buffer.concat(messages))) throw new Error(`the echo of messages from ${sent} on is wrong`);
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function silence(network: FaultyNetwork): () => void {
  network.setBlackhole(true);
  const timer = setTimeout(() => network.setBlackhole(false), 2_000);
  return () => clearTimeout(timer);
}

/**
 * With what the client sends next: one that only listens, and is somewhere else each second, cannot be reached. Whoever answers repeats
 * itself ever more seldom, and the client says where it is with every keepalive only.
 */
function rebindings(everyMs: number, times: number): (network: FaultyNetwork) => () => void {
  return (network) => {
    let left = times;
    const timer = setInterval(() => {
      network.rebindNext();
      left -= 1;
      if (left === 0) clearInterval(timer);
    }, everyMs);
    return () => clearInterval(timer);
  };
}
