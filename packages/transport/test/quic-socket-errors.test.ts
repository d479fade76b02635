import { Socket } from 'node:dgram';
import { existsSync, readFileSync } from 'node:fs';
import { systemClock } from '@qconn/clock';
import { createQuicEndpoint, type TransportWarning } from '@qconn/transport';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { QuicConnection } from '../src/quic/quic-connection.ts';
import { bufferWarning, UdpSocket } from '../src/quic/udp-socket.ts';
import { connectThrough, moveBody, type Connected } from './fault-table.ts';
import { createHubAndMachine } from './pki.ts';
import { Events, turn } from './waiting.ts';

const [RMEM_MAX, WMEM_MAX] = ['/proc/sys/net/core/rmem_max', '/proc/sys/net/core/wmem_max'];
const MIB = 1024 * 1024;

const { hub, machine } = await createHubAndMachine();
const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  vi.restoreAllMocks();
  for (const each of open.splice(0)) await each.close();
});

async function connected(): Promise<Connected> {
  const both = await connectThrough({ hub, machine, seed: 1 });
  open.push(both);
  return both;
}

function failure(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(code), { code });
}

describe('what the system says of the way to a peer', () => {
  test('nobody listens there any more (ECONNREFUSED): a sign, since anybody can say so, and no end', async () => {
    const { network, ours } = await connected();
    await moveBody(ours, 1_000);
    let ended = false;
    void ours.closed.then(() => (ended = true));
    await network.close();
    const stream = ours.openStream();
    while (ours.path.error === undefined) {
      stream.write(Uint8Array.of(1));
      await turn();
    }
    expect(ours.path.error).toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/^127\.0\.0\.1 port \d+ \(UDP\): .*ECONNREFUSED/),
      cause: { code: 'ECONNREFUSED' },
    });
    expect(ended).toBe(false);
  });

  test.each(['ENETUNREACH', 'EHOSTUNREACH', 'ENETDOWN', 'EPERM'])(
    '%s after the handshake is a sign until something comes',
    async (code) => {
      const { ours } = await connected();
      (ours as QuicConnection).networkFailed(failure(code));
      expect(ours.path.error).toMatchObject({ code: 'unreachable', cause: { code } });
      await moveBody(ours, 1_000);
      expect(ours.path.error).toBeUndefined();
    },
  );

  test('no room for a datagram (ENOBUFS) is a lost datagram', async () => {
    const { ours } = await connected();
    (ours as QuicConnection).networkFailed(failure('ENOBUFS'));
    expect(ours.path.error).toBeUndefined();
    await moveBody(ours, 1_000);
  });

  test('too large for the interface (EMSGSIZE): smaller ones from now on', async () => {
    const { ours } = await connected();
    await moveBody(ours, 100_000);
    const { size } = (ours as QuicConnection).sender;
    expect(size.current).toBeGreaterThan(1_200);
    (ours as QuicConnection).networkFailed(failure('EMSGSIZE'));
    expect(size.current).toBe(1_200);
    expect(ours.path.error).toBeUndefined();
    await moveBody(ours, 100_000);
  });
});

describe('a UDP socket', () => {
  const nothing = { datagram: () => undefined, failure: () => undefined, drained: () => undefined };

  test.each(['bound', 'connected'])('that is %s tells who asks that a datagram is too large', async (kind) => {
    const peer = await UdpSocket.bind({ host: '127.0.0.1', port: 0 }, nothing);
    const socket =
      kind === 'bound'
        ? await UdpSocket.bind({ host: '127.0.0.1', port: 0 }, nothing)
        : await UdpSocket.connect(peer.address, nothing);
    open.push(peer, socket);
    const failures = new Events<NodeJS.ErrnoException>();
    socket.send(new Uint8Array(70_000), peer.address, failures.push);
    expect(await failures.next()).toMatchObject({ code: 'EMSGSIZE' });
  });

  test('gives back the memory of a datagram once it has been looked at', async () => {
    const seen = new Events<[bytes: Buffer, first: number | undefined]>();
    const events = { ...nothing, datagram: (bytes: Buffer) => seen.push([bytes, bytes[0]]) };
    const socket = await UdpSocket.bind({ host: '127.0.0.1', port: 0 }, events);
    open.push(socket);
    socket.send(new Uint8Array(1_200).fill(7), socket.address);
    const [bytes, first] = await seen.next();
    expect(first).toBe(7);
    expect(bytes.length).toBe(0);
  });

  test.runIf(existsSync(RMEM_MAX) && existsSync(WMEM_MAX))('knows how much the system gives it', async () => {
    const socket = await UdpSocket.bind({ host: '127.0.0.1', port: 0 }, nothing);
    open.push(socket);
    const [receiveBytes, sendBytes] = [RMEM_MAX, WMEM_MAX].map((file) =>
      Math.min(4 * MIB, Number(readFileSync(file, 'utf8'))),
    );
    expect(socket.buffers).toEqual({ receiveBytes, sendBytes });
  });

  test('that was given less than it asked for is worth a warning that says what to do', () => {
    const given = (receiveBytes: number, sendBytes: number): string | undefined =>
      bufferWarning({ receiveBytes, sendBytes });
    expect(given(4 * MIB, 4 * MIB)).toBeUndefined();
    expect(given(212_992, 4 * MIB)).toMatch(
      /4194304 bytes .* 212992 bytes for what arrives.*packets\. .*net\.core\.rmem_max/,
    );
    expect(given(4 * MIB, 212_992)).toMatch(/ 212992 bytes for what leaves.*wait\. .*net\.core\.wmem_max/);
    expect(given(100, 200)).toMatch(/ 100 bytes .* and 200 bytes/);
  });

  test('of an endpoint that serves says so when it is opened', async () => {
    vi.spyOn(Socket.prototype, 'getRecvBufferSize').mockReturnValue(1_000);
    const warnings = new Events<[string, TransportWarning]>();
    const onWarning = (...warning: [string, TransportWarning]): void => warnings.push(warning);
    open.push(
      await createQuicEndpoint(
        { clock: systemClock, onWarning },
        { host: '127.0.0.1', tls: hub, handlers: { 'qconn/1': () => undefined } },
      ),
    );
    expect(await warnings.next()).toEqual([expect.stringContaining('what arrives'), 'socket_buffer']);
    expect(warnings.unread).toBe(0);
  });
});
