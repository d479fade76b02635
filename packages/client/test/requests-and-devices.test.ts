import {
  decodeRequest,
  encodeCallFailed,
  encodeDeliver,
  encodeGoAway,
  encodeProvided,
  encodeQueryResult,
  encodeResponse,
  EXCHANGES_IN_FLIGHT_MAX,
  FrameType,
  type Deliver,
} from '@qconn/protocol';
import { describe, expect, test } from 'vitest';
import { answerWell, ScriptedHub, type HubSide } from './scripted-hub.ts';

const NO_BYTES = new Uint8Array(0);

async function online(): Promise<{ hub: ScriptedHub; session: HubSide }> {
  const hub = new ScriptedHub();
  hub.client.start();
  await hub.client.connected();
  return { hub, session: await hub.session(1) };
}

function respond(side: HubSide, id: number): void {
  side.send(id, encodeResponse(side.writer, id, { headers: NO_BYTES, body: Uint8Array.of(7) }));
}

test('a request carries its address, deadlines and body', async () => {
  const { hub, session } = await online();
  const reply = hub.client.request('print@printer/zebra-1', 'label', {
    resolutionMs: 500,
    jobMs: 700,
    idempotencyKey: 'k',
  });
  const frame = await session.frame(FrameType.Request);
  expect(decodeRequest(frame)).toMatchObject({
    address: { serviceType: 'print', machine: 'printer', device: 'zebra-1' },
    resolutionMs: 500,
    jobMs: 700,
    idempotencyKey: 'k',
    body: new Uint8Array(Buffer.from('label')),
  });
  respond(session, frame.id);
  expect((await reply).body).toEqual(Uint8Array.of(7));
  await hub.client.close();
});

describe('without a connection', () => {
  test('a request waits for one, and the wait counts', async () => {
    const hub = new ScriptedHub();
    await hub.stop();
    const lost = hub.phase('backing_off');
    hub.client.start();
    await lost;
    const reply = hub.client.request('print', 'x', { resolutionMs: 1_000 });
    hub.start();
    hub.clock.advance(125);
    const session = await hub.session(1);
    const frame = await session.frame(FrameType.Request);
    expect(decodeRequest(frame).resolutionMs).toBe(875);
    respond(session, frame.id);
    await reply;
    await hub.client.close();
  });

  test('no more requests wait than could be sent once it is there', async () => {
    const hub = new ScriptedHub();
    await hub.stop();
    hub.client.start();
    const waiting = Array.from({ length: EXCHANGES_IN_FLIGHT_MAX }, () => hub.client.request('print', 'x'));
    const ends = Promise.allSettled(waiting);
    await expect(hub.client.request('print', 'x')).rejects.toMatchObject({
      code: 'quota',
      retrySafe: true,
      retryAfterMs: 100,
    });
    hub.clock.advance(10_000);
    await ends;
    await expect(hub.client.request('print', 'x', { whenOffline: 'fail' })).rejects.not.toMatchObject({
      code: 'quota',
    });
    await hub.client.close();
  });

  test('no more queries wait than requests would', async () => {
    const hub = new ScriptedHub();
    await hub.stop();
    hub.client.start();
    const ends = Promise.allSettled(Array.from({ length: EXCHANGES_IN_FLIGHT_MAX }, () => hub.client.query()));
    await expect(hub.client.query()).rejects.toMatchObject({ code: 'quota', retrySafe: true, retryAfterMs: 100 });
    hub.clock.advance(10_000);
    await ends;
    await expect(hub.client.query({}, { whenOffline: 'fail' })).rejects.not.toMatchObject({ code: 'quota' });
    await hub.client.close();
  });

  test('it fails with why there is none when its time is over, or at once if it shall', async () => {
    const hub = new ScriptedHub();
    await hub.stop();
    const lost = hub.phase('backing_off');
    hub.client.start();
    await lost;
    await expect(hub.client.request('print', 'x', { whenOffline: 'fail' })).rejects.toMatchObject({
      code: 'unreachable',
    });
    const late = hub.client.request('print', 'x', { resolutionMs: 100 });
    hub.clock.advance(100);
    await expect(late).rejects.toMatchObject({ code: 'unreachable' });
    const abort = new AbortController();
    const given = hub.client.request('print', 'x', { signal: abort.signal });
    abort.abort();
    await expect(given).rejects.toMatchObject({ code: 'cancelled' });
    await hub.client.close();
  });
});

test('a request in flight when the connection is lost: hub_lost, which is not safe to retry', async () => {
  const { hub, session } = await online();
  const reply = hub.client.request('print', 'x');
  await session.frame(FrameType.Request);
  session.close('idle_timeout');
  await expect(reply).rejects.toMatchObject({ code: 'hub_lost', retrySafe: false });
  await hub.client.close();
});

describe('a mistake of the caller is told at once and costs nothing else', () => {
  const mistakes: [what: string, call: (hub: ScriptedHub) => Promise<unknown>, code: string][] = [
    ['a malformed address', ({ client }) => client.request('no good!', 'x'), 'bad_address'],
    ['a body that is none', (hub) => hub.client.request('print', 7 as unknown as string), 'invalid_request'],
    ['no time at all', ({ client }) => client.request('print', 'x', { resolutionMs: 0 }), 'invalid_request'],
    [
      'a time that is none',
      ({ client }) => client.request('print', 'x', { resolutionMs: Number.NaN }),
      'invalid_request',
    ],
    ['a job without end', ({ client }) => client.request('print', 'x', { jobMs: Infinity }), 'invalid_request'],
    [
      'an empty idempotency key',
      ({ client }) => client.request('print', 'x', { idempotencyKey: '' }),
      'invalid_request',
    ],
    [
      'a malformed header',
      ({ client }) => client.request('print', 'x', { headers: { 'Not OK': '1' } }),
      'invalid_request',
    ],
    [
      'headers that are none',
      ({ client }) => client.request('print', 'x', { headers: 'a' as never }),
      'invalid_request',
    ],
    [
      'a header that is no text',
      ({ client }) => client.request('print', 'x', { headers: { a: 5 as never } }),
      'invalid_request',
    ],
    ['no address', ({ client }) => client.request(undefined as never, 'x'), 'invalid_request'],
    [
      'an address without a service type',
      ({ client }) => client.request({ service: 'print' } as never, 'x'),
      'invalid_request',
    ],
    [
      'an address with a machine that is no text',
      ({ client }) => client.request({ serviceType: 'print', machine: null as never }, 'x'),
      'invalid_request',
    ],
    ['options that are none', ({ client }) => client.request('print', 'x', null as never), 'invalid_request'],
    [
      'a controller where its signal belongs',
      ({ client }) => client.request('print', 'x', { signal: new AbortController() as never }),
      'invalid_request',
    ],
    [
      'a watcher that is no function',
      ({ client }) => client.request('print', 'x', { onStatus: 'log' as never }),
      'invalid_request',
    ],
    [
      'a key that is no text',
      ({ client }) => client.request('print', 'x', { idempotencyKey: 5 as never }),
      'invalid_request',
    ],
    [
      'a key that is too long',
      ({ client }) => client.request('print', 'x', { idempotencyKey: 'ü'.repeat(65) }),
      'too_large',
    ],
    [
      'a fan-out under a key that is no text',
      async ({ client }) => client.requestAll('print', 'x', { idempotencyKey: 5 as never }).summary,
      'invalid_request',
    ],
    ['an inquiry without a key', ({ client }) => client.job('print@pc-1', undefined as never), 'invalid_request'],
    ['a query that is none', ({ client }) => client.query('print' as never), 'invalid_request'],
    ['a query for a state that is none', ({ client }) => client.query({ state: 'offlin' as never }), 'invalid_request'],
    ['a phase that is none', ({ client }) => client.connected({ phase: 'onlin' as never }), 'invalid_request'],
    ['a device that is none', ({ client }) => client.provide(undefined as never, () => undefined), 'invalid_request'],
    [
      'a device of which the types are no list',
      ({ client }) => client.provide({ device: 'd', serviceTypes: 'print' as never }, () => undefined),
      'invalid_request',
    ],
    [
      'a device of which the name is no text',
      ({ client }) => client.provide({ device: 7 as never, serviceTypes: ['print'] }, () => undefined),
      'invalid_request',
    ],
    [
      'a device with a malformed service type',
      ({ client }) => client.provide({ device: 'd', serviceTypes: ['print', 'NOT OK'] }, () => undefined),
      'bad_address',
    ],
    [
      'a device without a handler',
      ({ client }) => client.provide({ device: 'd', serviceTypes: ['print'] }, undefined as never),
      'invalid_request',
    ],
    ['a query for a malformed service type', ({ client }) => client.query({ serviceType: 'NOT OK' }), 'bad_address'],
    [
      'a device without a name',
      ({ client }) => client.provide({ device: '', serviceTypes: ['print'] }, () => undefined),
      'bad_address',
    ],
    [
      'a device without service types',
      ({ client }) => client.provide({ device: 'd', serviceTypes: [] }, () => undefined),
      'bad_address',
    ],
    [
      'a device with too many',
      ({ client }) =>
        client.provide({ device: 'd', serviceTypes: Array.from({ length: 33 }, (_, n) => `t${n}`) }, () => undefined),
      'too_large',
    ],
    [
      'a device that runs nothing',
      ({ client }) => client.provide({ device: 'd', serviceTypes: ['print'], concurrency: 0 }, () => undefined),
      'invalid_request',
    ],
  ];

  test.each(mistakes)('%s', async (_, call, code) => {
    const { hub } = await online();
    await expect(call(hub)).rejects.toMatchObject({ code });
    // Whatever a refused call might have left behind would end now, and nobody would hear of it.
    hub.clock.advance(60_000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(hub.client.phase).toBe('online');
    expect(hub.sessions).toHaveLength(1);
    await hub.client.close();
  });
});

test('a client that was closed provides nothing any more, and says so', async () => {
  const { hub } = await online();
  await hub.client.close();
  const provided = hub.client.provide({ device: 'd', serviceTypes: ['print'] }, () => undefined);
  await expect(provided).rejects.toMatchObject({ code: 'closed' });
});

test('a query gathers the parts of its answer', async () => {
  const { hub, session } = await online();
  const found = hub.client.query({ serviceType: 'print' });
  const { id } = await session.frame(FrameType.Query);
  for (const n of [1, 2]) {
    const place = { fingerprint: `qc1${n}`, hostname: `pc-${n}`, device: 'd', serviceTypes: ['print'] };
    const providers = [{ ...place, online: true }];
    session.send(id, encodeQueryResult(session.writer, id, { providers, last: n === 2 }));
  }
  expect((await found).map(({ hostname }) => hostname)).toEqual(['pc-1', 'pc-2']);
  await hub.client.close();
});

describe('devices', () => {
  test('one that the hub refuses is not provided, and may be tried again', async () => {
    const { hub } = await online();
    hub.onFrame = (side, { type, id }) => {
      if (type === FrameType.Provide)
        side.send(id, encodeCallFailed(side.writer, id, { code: 'quota', reason: 'full' }));
    };
    const device = { device: 'd', serviceTypes: ['print'] };
    await expect(hub.client.provide(device, () => undefined)).rejects.toMatchObject({ code: 'quota' });
    hub.onFrame = answerWell;
    await hub.client.provide(device, () => undefined);
    await expect(hub.client.provide(device, () => undefined)).rejects.toMatchObject({ code: 'invalid_state' });
    await hub.client.close();
  });

  test('one that is provided while the connection breaks is registered by the next', async () => {
    const { hub, session } = await online();
    hub.onFrame = (side, frame) => {
      if (frame.type !== FrameType.Provide) return answerWell(side, frame);
      if (side === session) side.close('idle_timeout');
      else side.send(frame.id, encodeProvided(side.writer, frame.id, true));
    };
    await hub.client.provide({ device: 'd', serviceTypes: ['print'] }, () => undefined);
    hub.clock.advance(125);
    await (await hub.session(2)).frame(FrameType.Provide);
    await hub.client.close();
  });

  test('one that is taken back is taken back once, and by its own owner', async () => {
    const { hub, session } = await online();
    hub.onFrame = (side, frame) => {
      answerWell(side, frame);
      if (frame.type === FrameType.Withdraw)
        side.send(frame.id, encodeCallFailed(side.writer, frame.id, { code: 'internal', reason: '' }));
    };
    const device = { device: 'd', serviceTypes: ['print'] };
    const takeBack = await hub.client.provide(device, () => undefined);
    await expect(takeBack()).rejects.toMatchObject({ code: 'internal' });
    await hub.client.provide(device, () => undefined);
    await takeBack();
    expect(session.frames.filter(({ type }) => type === FrameType.Withdraw)).toHaveLength(1);
    await expect(hub.client.provide(device, () => undefined)).rejects.toMatchObject({ code: 'invalid_state' });
    await hub.client.close();
  });
});

describe('closing waits for what is in flight', () => {
  test('a request over a connection from which the client was sent away ends there', async () => {
    const { hub, session } = await online();
    const reply = hub.client.request('print', 'x');
    const { id } = await session.frame(FrameType.Request);
    const left = hub.phase('backing_off');
    session.send(0, encodeGoAway(session.writer, { code: 'going_away', reason: '', spreadMs: 60_000 }));
    await left;
    const closed = hub.client.close();
    respond(session, id);
    expect((await reply).body).toEqual(Uint8Array.of(7));
    hub.clock.advance(10);
    await closed;
  });

  test('a job that runs ends, and its answer goes out', async () => {
    const { hub, session } = await online();
    const { promise, resolve } = Promise.withResolvers<string>();
    await hub.client.provide({ device: 'd', serviceTypes: ['print'] }, () => promise);
    const from = { fingerprint: 'qc1lims', hostname: undefined };
    const job: Deliver = {
      from,
      serviceType: 'print',
      device: 'd',
      jobMs: 1_000,
      idempotencyKey: undefined,
      redelivered: false,
      inquiry: false,
      headers: NO_BYTES,
      body: NO_BYTES,
    };
    session.send(5, encodeDeliver(session.writer, 5, job));
    await session.frame(FrameType.Ack);
    const closed = hub.client.close();
    resolve('printed');
    await session.frame(FrameType.Response);
    hub.clock.advance(10);
    await closed;
  });

  test('but no longer than it is told', async () => {
    const { hub, session } = await online();
    const reply = hub.client.request('print', 'x');
    await session.frame(FrameType.Request);
    const closed = hub.client.close(20);
    const refused = expect(reply).rejects.toMatchObject({ code: 'hub_lost' });
    for (let look = 0; look < 2; look++) {
      hub.clock.advance(10);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await closed;
    await refused;
  });
});
