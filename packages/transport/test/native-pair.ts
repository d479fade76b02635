import { randomBytes } from 'node:crypto';
import { ManualClock } from '@qconn/clock';
import type { SocketAddress, TlsIdentity } from '@qconn/transport';
import { nativeConfig } from '../src/quic/native-config.ts';
import { quiche, type NativeConnection } from '../src/quic/native.ts';
import { connectionLimits } from '../src/quic/options.ts';
import { ReceiveSlab } from '../src/quic/receive-slab.ts';
import { ChunkPool } from '../src/quic/staging.ts';
import { StreamSet, type StreamSetParts } from '../src/quic/stream-set.ts';
import { Traffic } from '../src/quic/traffic.ts';

const CLIENT: SocketAddress = { host: '127.0.0.1', port: 1 };
const SERVER: SocketAddress = { host: '127.0.0.1', port: 2 };
const DATAGRAM_BYTES = 1_350;

/** One side of a pair. */
export interface Side {
  readonly native: NativeConnection;
  readonly address: SocketAddress;
}

/** Two engines without sockets: a datagram arrives when the test says so, or never. */
export interface NativePair {
  readonly client: Side;
  readonly server: Side;
}

/** A pair whose handshake has finished and that has nothing under way. */
export function nativePair(hub: TlsIdentity, machine: TlsIdentity): NativePair {
  const shared = {
    alpns: ['qconn/1'],
    limits: connectionLimits({}),
    verifyPeer: true,
    earlyData: false,
    logKeys: false,
    payloadBytes: DATAGRAM_BYTES,
  };
  const ours = nativeConfig({ ...shared, tls: machine });
  const theirs = nativeConfig({ ...shared, tls: hub });
  const client = {
    native: quiche.Connection.connect(null, randomBytes(20), CLIENT, SERVER, ours),
    address: CLIENT,
  };
  const server = { native: quiche.Connection.accept(randomBytes(20), null, SERVER, CLIENT, theirs), address: SERVER };
  settle({ client, server });
  return { client, server };
}

/** The datagrams that a side has to send now. */
export function datagramsOf({ native }: Side): Buffer[] {
  const datagrams: Buffer[] = [];
  for (;;) {
    const room = Buffer.alloc(DATAGRAM_BYTES);
    const packet = native.send(room);
    if (packet === null) return datagrams;
    datagrams.push(room.subarray(0, packet[0]));
  }
}

/** Has datagrams arrive. */
export function deliver(datagrams: readonly Buffer[], from: Side, to: Side): void {
  for (const datagram of datagrams) to.native.recv(datagram, { from: from.address, to: to.address });
}

/** Carries everything both ways until neither side has anything to say. */
export function settle({ client, server }: NativePair): void {
  for (let quiet = 0; quiet < 2;) {
    const [up, down] = [datagramsOf(client), datagramsOf(server)];
    deliver(up, client, server);
    deliver(down, server, client);
    quiet = up.length + down.length === 0 ? quiet + 1 : 0;
  }
}

/** The streams of one side, as the transport drives them; nothing of theirs moves unless the test says so. */
export function streamsOn(
  { native }: Side,
  role: StreamSetParts['role'],
  {
    clock = new ManualClock(),
    sendEarly = () => undefined,
    occasion = { rested: false, alone: false },
  }: Partial<StreamSetParts> = {},
): StreamSet {
  const memory = { slab: new ReceiveSlab(), pool: new ChunkPool() };
  const traffic = new Traffic();
  return new StreamSet({ role, native, clock, ...memory, traffic, wake: () => undefined, sendEarly, occasion });
}
