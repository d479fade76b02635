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

describe('the addresses of a peer', () => {
  const AWAY = { host: '198.51.100.7', port: 5 };

  test('what is not one of the engine’s paths is not remembered', () => {
    const peer = new PeerPorts(HOME);
    expect(peer.of(AWAY)).toBeUndefined();
    expect(peer.of(OTHER)).toBe(peer.active);
  });

  test('where it has moved to is the one in use, and where it was is found again', () => {
    const peer = new PeerPorts(HOME);
    const home = peer.active;
    expect(peer.moveTo(AWAY)).toBe(home);
    expect([peer.active.known, peer.of(HOME), peer.of({ ...AWAY, port: 6 })]).toEqual([AWAY, home, peer.active]);
  });

  test('two paths of one host are told apart by their ports; what comes from a third port is taken to be from the one in use', () => {
    const peer = new PeerPorts(HOME);
    const home = peer.active;
    peer.moveTo(OTHER);
    expect([peer.of(HOME), peer.of(OTHER), peer.of({ ...HOME, port: 3 })]).toEqual([home, peer.active, peer.active]);
    peer.moveTo(AWAY);
    expect(peer.of({ ...HOME, port: 3 })?.known).toEqual(OTHER);
  });

  test('what is still sent to where it was goes where it is as well, until it is back', () => {
    const peer = new PeerPorts(HOME);
    const home = peer.active;
    peer.moveTo(AWAY);
    expect(home.copyTo(1_200)).toBeUndefined();
    home.leave(peer.active);
    peer.active.heard(7, 40, 0);
    peer.active.settle(50);
    expect([home.current, home.copyTo(1_200)]).toEqual([HOME, { ...AWAY, port: 7 }]);
    peer.moveTo(HOME);
    expect(home.copyTo(1_200)).toBeUndefined();
  });
});
