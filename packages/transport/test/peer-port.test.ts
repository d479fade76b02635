import { describe, expect, test } from 'vitest';
import { PeerPort, PeerPorts } from '../src/quic/peer-port.ts';

const HOME = { host: '192.0.2.1', port: 1_000 };
const OTHER = { host: '192.0.2.1', port: 2_000 };

describe('at which port a peer is', () => {
  test('is believed once the old port has been silent for 50 ms', () => {
    const peer = new PeerPort(HOME);
    peer.heard(OTHER.port, 40, 100);
    expect([peer.dueAt, peer.settle(149), peer.current]).toEqual([150, false, HOME]);
    expect([peer.settle(150), peer.current, peer.dueAt]).toEqual([true, OTHER, Number.POSITIVE_INFINITY]);
    expect(peer.known).toEqual(HOME);
  });

  test('is not believed while the old port is heard, which the packet is whose copy came first', () => {
    const peer = new PeerPort(HOME);
    peer.heard(OTHER.port, 40, 100);
    peer.stays();
    expect([peer.dueAt, peer.settle(1_000), peer.current]).toEqual([Number.POSITIVE_INFINITY, false, HOME]);
  });

  test('more from the new port neither hastens nor delays it, another new port begins anew', () => {
    const peer = new PeerPort(HOME);
    peer.heard(OTHER.port, 40, 100);
    peer.heard(OTHER.port, 40, 140);
    expect(peer.dueAt).toBe(150);
    peer.heard(3_000, 40, 145);
    expect([peer.settle(150), peer.settle(195), peer.current.port]).toEqual([false, true, 3_000]);
  });

  test('a port that is in doubt gets copies of three datagrams, and of three times what comes from it', () => {
    const peer = new PeerPort(HOME);
    expect(peer.copyTo(100)).toBeUndefined();
    peer.heard(OTHER.port, 100, 0);
    expect([peer.copyTo(3_600), peer.copyTo(300), peer.copyTo(1)]).toEqual([OTHER, OTHER, undefined]);
    peer.heard(OTHER.port, 100, 1);
    expect([peer.copyTo(301), peer.copyTo(300)]).toEqual([undefined, OTHER]);
    peer.settle(50);
    expect([peer.current, peer.copyTo(1)]).toEqual([OTHER, undefined]);
  });
});

describe('the hosts of a peer', () => {
  test('have one port each for the engine, and what is not one of its paths is not remembered', () => {
    const peer = new PeerPorts(HOME);
    expect(peer.of('198.51.100.7')).toBeUndefined();
    const there = { host: '198.51.100.7', port: 5 };
    peer.moveTo(there);
    expect([peer.active.known, peer.of(HOME.host)?.known, peer.at({ ...there, port: 6 })]).toEqual([
      there,
      HOME,
      peer.active,
    ]);
  });
});
