import { expect, test } from 'vitest';
import { DatagramSender } from '../src/quic/datagram-sender.ts';
import type { NativeConnection } from '../src/quic/native.ts';
import { PeerPorts } from '../src/quic/peer-port.ts';
import { SendRings } from '../src/quic/send-ring.ts';
import { Traffic } from '../src/quic/traffic.ts';
import type { UdpSocket } from '../src/quic/udp-socket.ts';

const HERE = { host: '192.0.2.1', port: 1 };
const THERE = { host: '192.0.2.2', port: 2 };
const ELSEWHERE = { host: '198.51.100.3', port: 3 };
const FULL = 1_472;

/** An engine with datagrams of these lengths to send, a socket that notes what it is given, and the sender between them. */
function scene(): {
  sender: DatagramSender;
  /** Lengths of what is due on the path in use, and on the one that is tried; none once the engine has let go of that. */
  due: { here: number[]; tried: number[] | undefined };
  sent: { bytes: number; to: number; watched: boolean }[];
  rooms: { here: number[]; tried: number[] };
} {
  const due = { here: [] as number[], tried: [] as number[] | undefined };
  const rooms = { here: [] as number[], tried: [] as number[] };
  const sent: { bytes: number; to: number; watched: boolean }[] = [];
  const take = (from: number[], peer: typeof HERE): [number, object] | null => {
    const bytes = from.shift();
    return bytes === undefined ? null : [bytes, { from: HERE, to: peer }];
  };
  const native = {
    send: (slot: Uint8Array) => {
      rooms.here.push(slot.length);
      return take(due.here, THERE);
    },
    sendOnPath: (slot: Uint8Array) => {
      rooms.tried.push(slot.length);
      if (due.tried === undefined) throw new Error('InvalidState');
      return take(due.tried, ELSEWHERE);
    },
  };
  const socket = {
    address: HERE,
    congested: false,
    send: (datagram: Uint8Array, { port }: typeof HERE, failed?: unknown) =>
      sent.push({ bytes: datagram.length, to: port, watched: failed !== undefined }),
  };
  const sender = new DatagramSender({
    native: native as unknown as NativeConnection,
    socket: socket as unknown as UdpSocket,
    peer: new PeerPorts(THERE),
    rings: new SendRings(),
    traffic: new Traffic(),
    payloadBytes: FULL,
    trace: undefined,
    failed: () => undefined,
  });
  sender.size.validated();
  return { sender, due, sent, rooms };
}

test('the system is asked whether it takes the first datagram of a size, and one after something has been silent', () => {
  const { sender, due, sent } = scene();
  const send = (...lengths: number[]): boolean[] => {
    due.here.push(...lengths);
    sender.send(256);
    return sent.splice(0).map(({ watched }) => watched);
  };
  expect(send(1_200, FULL, FULL, 100)).toEqual([false, true, false, false]);
  sender.watch();
  expect(send(100, 100)).toEqual([true, false]);
  sender.tooLarge(0);
  expect(send(FULL)).toEqual([true]);
});

test('what goes to a path that is tried has 1,200 bytes of room, until it has been decided on', () => {
  const { sender, due, sent, rooms } = scene();
  sender.tries({ local: HERE, peer: ELSEWHERE });
  due.tried?.push(1_200);
  due.here.push(FULL);
  expect(sender.send(256)).toBe('done');
  expect(sent.map(({ bytes, to }) => [bytes, to])).toEqual([
    [1_200, ELSEWHERE.port],
    [FULL, THERE.port],
  ]);
  expect(rooms).toEqual({ tried: [1_200, 1_200], here: [FULL, FULL] });
  sender.decided({ local: HERE, peer: { ...ELSEWHERE } });
  sender.send(256);
  expect(rooms.tried).toHaveLength(2);
});

test('a path that the engine has let go of is tried no more, nor any by a connection that has moved or ended', () => {
  for (const stop of ['let go', 'moved', 'end'] as const) {
    const { sender, due, rooms } = scene();
    sender.tries({ local: HERE, peer: ELSEWHERE });
    if (stop === 'let go') due.tried = undefined;
    else sender[stop]();
    if (stop === 'end') sender.tries({ local: HERE, peer: ELSEWHERE });
    for (let flushes = 0; flushes < 2; flushes += 1) sender.send(256);
    expect(rooms.tried.length).toBe(stop === 'let go' ? 1 : 0);
    expect(rooms.here).toHaveLength(2);
  }
});
