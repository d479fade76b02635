import { existsSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import type { QuicConnection } from '../src/quic/quic-connection.ts';
import { bufferWarning, UdpSocket } from '../src/quic/udp-socket.ts';
import { connectThrough, moveBody, type Connected } from './fault-table.ts';
import { createHubAndMachine } from './pki.ts';
import { Events, turn } from './waiting.ts';

const RMEM_MAX = '/proc/sys/net/core/rmem_max';
const MIB = 1024 * 1024;

const { hub, machine } = await createHubAndMachine();
const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
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

  test.runIf(existsSync(RMEM_MAX))('knows how much the system gives it', async () => {
    const socket = await UdpSocket.bind({ host: '127.0.0.1', port: 0 }, nothing);
    open.push(socket);
    expect(socket.receiveBufferBytes).toBe(Math.min(4 * MIB, Number(readFileSync(RMEM_MAX, 'utf8'))));
  });

  test('that was given less than it asked for is worth a warning that says what to do', () => {
    expect(bufferWarning(4 * MIB)).toBeUndefined();
    expect(bufferWarning(212_992)).toMatch(/212992 bytes .* 4194304: .*net\.core\.rmem_max/);
  });
});
