import { ManualClock } from '@qconn/clock';
import type { Credential } from '@qconn/identity';
import { QconnError } from '@qconn/protocol';
import type { Connection, ConnectTarget, Endpoint, SocketAddress, TlsIdentity } from '@qconn/transport';
import { describe, expect, test } from 'vitest';
import { SessionTickets } from '../../src/credential/session-tickets.ts';
import { HubDialer } from '../../src/supervisor/hub-dialer.ts';
import { HubResolver } from '../../src/supervisor/hub-resolver.ts';
import { MemoryTicketStore } from '../credential/memory-ticket-store.ts';

const CONNECTION = {} as Connection;
const STILL = { clock: new ManualClock(), resolver: new HubResolver({ random: () => 0 }) };

/** Dials among hubs of which some answer; keeps whom it tried. */
function dialer(
  hosts: readonly string[],
  answering: () => readonly string[],
): { dial: () => Promise<Connection>; tried: string[] } {
  const tried: string[] = [];
  const endpoint = {
    connect({ address, serverName }: ConnectTarget) {
      expect(serverName).toBe(address.host);
      tried.push(address.host);
      if (answering().includes(address.host)) return Promise.resolve(CONNECTION);
      return Promise.reject(new QconnError('unreachable', `${address.host} is silent.`));
    },
  } as unknown as Endpoint;
  const credential = {
    chainPem: [],
    hub: { https: '', quic: hosts.map((host) => ({ host, port: 7443 })) },
  } as unknown as Credential;
  const hub = new HubDialer({ ...STILL, endpoint, credential: () => credential });
  return { dial: () => hub.dial(new AbortController().signal), tried };
}

test('tries one address after the other until one answers, and begins there the next time', async () => {
  const { dial, tried } = dialer(['192.0.2.1', '192.0.2.2', '192.0.2.3'], () => ['192.0.2.2']);
  expect(await dial()).toBe(CONNECTION);
  expect(tried.splice(0)).toEqual(['192.0.2.1', '192.0.2.2']);
  await dial();
  expect(tried).toEqual(['192.0.2.2']);
});

test('comes round to the first when the one that it prefers falls silent', async () => {
  let answering = ['192.0.2.2'];
  const { dial, tried } = dialer(['192.0.2.1', '192.0.2.2'], () => answering);
  await dial();
  answering = ['192.0.2.1'];
  tried.length = 0;
  await dial();
  expect(tried).toEqual(['192.0.2.2', '192.0.2.1']);
});

test('when nobody answers it tells why the last one did not', async () => {
  const { dial, tried } = dialer(['192.0.2.1', '192.0.2.2'], () => []);
  await expect(dial()).rejects.toMatchObject({ code: 'unreachable', message: '192.0.2.2 is silent.' });
  expect(tried).toHaveLength(2);
});

test('an address that is down does not hide that another one has refused for good', async () => {
  const endpoint = {
    connect: ({ address }: ConnectTarget) =>
      Promise.reject(new QconnError(address.host === '192.0.2.1' ? 'revoked' : 'unreachable')),
  } as unknown as Endpoint;
  const quic = ['192.0.2.1', '192.0.2.2'].map((host) => ({ host, port: 7443 }));
  const credential = { chainPem: [], hub: { https: '', quic } } as unknown as Credential;
  const hub = new HubDialer({ ...STILL, endpoint, credential: () => credential });
  await expect(hub.dial(new AbortController().signal)).rejects.toMatchObject({ code: 'revoked' });
});

test('shows the endpoint the same identity for each dial with a credential, and another for a renewed one', async () => {
  const shown: TlsIdentity[] = [];
  const endpoint = {
    connect({ tls }: ConnectTarget) {
      shown.push(tls);
      return Promise.resolve(CONNECTION);
    },
  } as unknown as Endpoint;
  const quic = [{ host: '192.0.2.1', port: 7443 }];
  const issued = (leaf: string): Credential =>
    ({ chainPem: [leaf], hub: { https: '', quic } }) as unknown as Credential;
  const [first, renewed] = [issued('first'), issued('renewed')];
  let credential = first;
  const hub = new HubDialer({ ...STILL, endpoint, credential: () => credential });
  for (credential of [first, first, renewed]) await hub.dial(new AbortController().signal);
  expect(shown[1]).toBe(shown[0]);
  expect(shown.map(({ chainPem }) => chainPem)).toEqual([['first'], ['first'], ['renewed']]);
});

test('a credential without addresses is told as that', async () => {
  await expect(dialer([], () => []).dial()).rejects.toMatchObject({ code: 'unreachable' });
});

test('an abort ends the round', async () => {
  const abort = new AbortController();
  const tried: string[] = [];
  const endpoint = {
    connect({ address }: ConnectTarget) {
      tried.push(address.host);
      abort.abort();
      return Promise.reject(new QconnError('cancelled'));
    },
  } as unknown as Endpoint;
  const quic = ['192.0.2.1', '192.0.2.2'].map((host) => ({ host, port: 1 }));
  const credential = { chainPem: [], hub: { https: '', quic } } as unknown as Credential;
  await expect(
    new HubDialer({ ...STILL, endpoint, credential: () => credential }).dial(abort.signal),
  ).rejects.toThrow();
  expect(tried).toEqual(['192.0.2.1']);
});

describe('a hub that gave a ticket', () => {
  const ticket = Uint8Array.of(1, 2, 3);
  const quic = [{ host: '192.0.2.1', port: 7443 }];
  const credential = { chainPem: ['leaf'], hub: { https: '', quic } } as unknown as Credential;

  /** Connects as `connect` says, and keeps what it was asked for. */
  function resuming(
    tickets: SessionTickets,
    connect: (target: ConnectTarget) => Promise<Connection>,
  ): { dial: () => Promise<Connection>; targets: ConnectTarget[] } {
    const targets: ConnectTarget[] = [];
    const endpoint = {
      connect(target: ConnectTarget) {
        targets.push(target);
        return connect(target);
      },
    } as unknown as Endpoint;
    const hub = new HubDialer({ ...STILL, endpoint, credential: () => credential, tickets });
    return { dial: () => hub.dial(new AbortController().signal, () => undefined), targets };
  }

  test('is shown it the next time, with a chance to speak early', async () => {
    const tickets = await SessionTickets.load(new MemoryTicketStore());
    const { dial, targets } = resuming(tickets, (target) => {
      target.onTicket?.(ticket);
      return Promise.resolve(CONNECTION);
    });
    await dial();
    await dial();
    expect(targets.map(({ ticket: shown, early }) => [shown, early !== undefined])).toEqual([
      [undefined, false],
      [Buffer.from(ticket), true],
    ]);
  });

  test('and refuses what it vouches for, is connected to without it', async () => {
    const tickets = await SessionTickets.load(new MemoryTicketStore());
    tickets.keep(quic[0] as SocketAddress, 'leaf', ticket);
    const { dial, targets } = resuming(tickets, (target) =>
      target.ticket === undefined ? Promise.resolve(CONNECTION) : Promise.reject(new QconnError('hub_untrusted')),
    );
    expect(await dial()).toBe(CONNECTION);
    expect(targets.map(({ ticket: shown }) => shown !== undefined)).toEqual([true, false]);
    expect(tickets.find(quic[0] as SocketAddress, 'leaf')).toBeUndefined();
  });

  test('and is down, keeps it for when it is back', async () => {
    const tickets = await SessionTickets.load(new MemoryTicketStore());
    tickets.keep(quic[0] as SocketAddress, 'leaf', ticket);
    const { dial, targets } = resuming(tickets, () => Promise.reject(new QconnError('unreachable')));
    await expect(dial()).rejects.toMatchObject({ code: 'unreachable' });
    await expect(dial()).rejects.toMatchObject({ code: 'unreachable' });
    expect(targets.map(({ ticket: shown }) => shown !== undefined)).toEqual([true, true]);
  });

  test('at two addresses hears hello at one of them, and at the other once that has failed', async () => {
    const tickets = await SessionTickets.load(new MemoryTicketStore());
    const clock = new ManualClock();
    const hubs = ['192.0.2.1', '192.0.2.2', '192.0.2.3'].map((host) => ({ host, port: 7443 }));
    for (const hub of hubs) tickets.keep(hub, 'leaf', ticket);
    const tries: { early: boolean; fail: (error: QconnError) => void }[] = [];
    let begun: () => void = () => {};
    const endpoint = {
      connect: ({ early }: ConnectTarget) =>
        new Promise<Connection>((resolve, reject) => {
          tries.push({ early: early !== undefined, fail: reject });
          if (tries.length === 3) resolve(CONNECTION);
          begun();
        }),
    } as unknown as Endpoint;
    const credentialOfAll = { chainPem: ['leaf'], hub: { https: '', quic: hubs } } as unknown as Credential;
    const hub = new HubDialer({ ...STILL, clock, endpoint, credential: () => credentialOfAll, tickets });
    const next = (): Promise<void> => new Promise((resolve) => (begun = resolve));
    const first = next();
    const dialled = hub.dial(new AbortController().signal, () => undefined);
    await first;
    const second = next();
    clock.advance(250);
    await second;
    tries[0]?.fail(new QconnError('unreachable'));
    await dialled;
    expect(tries.map(({ early }) => early)).toEqual([true, false, true]);
  });
});
