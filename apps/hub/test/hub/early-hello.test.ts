import { encodeProvide, FrameType, type Welcome } from '@qconn/protocol';
import { PacketTap } from '@qconn/testkit';
import type { ConnectTarget } from '@qconn/transport';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LogLine } from './captured-log.ts';
import { RunningHub, type TestMachine } from './running-hub.ts';
import { ScriptedClient } from './scripted-client.ts';

let hub: RunningHub;

beforeAll(async () => {
  hub = await RunningHub.start();
});

afterAll(() => hub.close());

async function authorized(hostname: string): Promise<TestMachine> {
  const machine = await hub.machine();
  await hub.authorize(machine, hostname, [{ effect: 'allow', verb: 'provide', serviceTypes: ['*'] }]);
  return machine;
}

/** A connection that has been welcomed, and the ticket that it was given. */
async function connected(machine: TestMachine): Promise<{ client: ScriptedClient; ticket: Uint8Array }> {
  const ticket = Promise.withResolvers<Uint8Array>();
  const client = new ScriptedClient(await hub.connect(machine.tls, undefined, { onTicket: ticket.resolve }));
  await client.greet();
  return { client, ticket: await ticket.promise };
}

/** Says hello in the first packet, and what a test wants besides. */
async function earlyHello(
  machine: TestMachine,
  ticket: Uint8Array,
  { more, ...changes }: Partial<ConnectTarget> & { more?: (client: ScriptedClient) => void } = {},
): Promise<{ client: ScriptedClient; welcome: Promise<Welcome> }> {
  let client: ScriptedClient | undefined;
  let welcome: Promise<Welcome> | undefined;
  await hub.connect(machine.tls, undefined, {
    ...changes,
    ticket,
    early: (connection) => {
      client = new ScriptedClient(connection);
      welcome = client.greet();
      welcome.catch(() => undefined);
      more?.(client);
    },
  });
  if (client === undefined || welcome === undefined) throw new Error('nothing could be said early');
  return { client, welcome };
}

test('a machine that resumes is welcomed in the first round trip and takes the place of its former session', async () => {
  const machine = await authorized('early-1');
  const { client: former, ticket } = await connected(machine);
  const { client, welcome } = await earlyHello(machine, ticket);
  expect(await welcome).toMatchObject({ fingerprint: machine.fingerprint });
  expect(client.connection.resumed).toBe(true);
  expect((await former.closed).error.code).toBe('superseded');
  client.close();
});

test('a hello whose handshake never finishes disturbs nobody', async () => {
  const machine = await authorized('early-2');
  const { client: first, ticket } = await connected(machine);
  const tap = await PacketTap.before(hub.hub.quicAddress);
  const { client: resumed, welcome } = await earlyHello(machine, ticket, { address: tap.address });
  await welcome;
  resumed.close();
  await first.closed;
  const ofMachine = ({ machine: whose, err }: LogLine): boolean =>
    whose === machine.fingerprint && err?.code === 'closed';
  await hub.log.line('session_ended', ofMachine);
  const { client: live } = await connected(machine);

  await tap.replay();
  live.send(encodeProvide(live.writer, 1, { device: 'd', serviceTypes: ['print'] }));
  await live.frame(FrameType.Provided, 1);
  live.close();
  tap.close();
});

test('anything but the hello is refused in early data', async () => {
  const machine = await authorized('early-3');
  const { client: former, ticket } = await connected(machine);
  const { client } = await earlyHello(machine, ticket, {
    more: (early) => early.send(encodeProvide(early.writer, 1, { device: 'd', serviceTypes: ['print'] })),
  });
  expect((await client.closed).error.code).toBe('unexpected_frame');
  former.close();
});

test('a machine that was revoked since gets nothing for its ticket', async () => {
  const machine = await authorized('early-4');
  const { client: former, ticket } = await connected(machine);
  await hub.store.machines.revoke({ fingerprint: machine.fingerprint, actor: 'test', now: Date.now() });
  await former.closed;
  const { client } = await earlyHello(machine, ticket);
  expect((await client.closed).error.code).toBe('revoked');
});
