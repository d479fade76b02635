import { encodeGoAway, encodeOutcome, encodeStatus, FrameType, decodeHello, decodeProvide } from '@qconn/protocol';
import { describe, expect, test } from 'vitest';
import { readAll } from './read-all.ts';
import { answerWell, ScriptedHub } from './scripted-hub.ts';

/** Lets everything that is on its way arrive. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

test('a client says hello, is welcomed and knows who it is', async () => {
  const hub = new ScriptedHub();
  hub.client.start();
  expect(await hub.client.connected()).toMatchObject({ hub: 'hub', epoch: 'run 1' });
  expect(hub.client.machine).toMatchObject({ fingerprint: 'qc1me', shortCode: 'K7QM-2XPD', hostname: 'me' });
  const [session] = hub.sessions;
  expect(decodeHello(await (session as NonNullable<typeof session>).frame(FrameType.Hello))).toMatchObject({
    agent: 'test/1',
  });
  await hub.client.close();
});

test('a pending client comes online without a new connection when it is approved', async () => {
  const hub = new ScriptedHub();
  hub.onFrame = (side, { type }) => {
    if (type === FrameType.Hello) side.welcome({ status: 'pending', hostname: undefined });
  };
  hub.client.start();
  await hub.client.connected();
  expect(hub.client.phase).toBe('pending');
  const online = hub.client.connected({ phase: 'online' });
  const session = await hub.session(1);
  session.send(0, encodeStatus(session.writer, { status: 'authorized', hostname: 'me', roles: ['r'] }));
  await online;
  expect(hub.client.machine).toMatchObject({ status: 'authorized', roles: ['r'] });
  expect(hub.dials).toBe(1);
  await hub.client.close();
});

test('an approval right behind the welcome is not lost', async () => {
  const hub = new ScriptedHub();
  hub.onFrame = (side, { type }) => {
    if (type !== FrameType.Hello) return;
    side.welcome({ status: 'pending' });
    side.send(0, encodeStatus(side.writer, { status: 'authorized', hostname: 'me', roles: [] }));
  };
  hub.client.start();
  await hub.client.connected({ phase: 'online' });
  await settled();
  expect(hub.client.phase).toBe('online');
  expect(hub.client.machine?.status).toBe('authorized');
  await hub.client.close();
});

describe('a client that loses its hub', () => {
  test('tries again after a backoff, and registers its devices again', async () => {
    const hub = new ScriptedHub();
    hub.client.start();
    await hub.client.connected();
    await hub.client.provide({ device: 'zebra-1', serviceTypes: ['print'] }, () => undefined);
    const lost = hub.phase('backing_off');
    await hub.stop('idle_timeout');
    await lost;
    expect(hub.client.lastError?.code).toBe('idle_timeout');
    hub.start();
    hub.clock.advance(124);
    await settled();
    expect(hub.dials).toBe(1);
    hub.clock.advance(1);
    const again = await hub.session(2);
    expect(decodeProvide(await again.frame(FrameType.Provide))).toEqual({ device: 'zebra-1', serviceTypes: ['print'] });
    expect(hub.client.phase).toBe('online');
    await hub.client.close();
  });

  test('waits longer each time that nobody answers', async () => {
    const hub = new ScriptedHub();
    await hub.stop();
    const waits: number[] = [];
    const events = hub.client.events();
    hub.client.start();
    for await (const event of events) {
      if (event.kind !== 'phase' || event.waitMs === undefined) continue;
      waits.push(event.waitMs);
      if (waits.length === 9) break;
      hub.clock.advance(event.waitMs);
    }
    expect(waits).toEqual([125, 250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
    await hub.client.close();
  });

  test('that has revoked it slows down to minutes, and tells whoever waits', async () => {
    const hub = new ScriptedHub();
    hub.onFrame = (side) => side.close('revoked');
    hub.client.start();
    await expect(hub.client.connected()).rejects.toMatchObject({ code: 'revoked' });
    hub.clock.advance(299_999);
    await settled();
    expect(hub.dials).toBe(1);
    hub.clock.advance(1);
    await hub.session(2);
    await hub.client.close();
  });

  test('that has revoked the credential it came with goes on with a newer one, and whoever waits does not notice', async () => {
    const hub = new ScriptedHub();
    hub.holdsNewer = true;
    hub.onFrame = (side) => side.close('revoked');
    hub.client.start();
    const online = hub.client.connected({ phase: 'online' });
    const late = hub.phase('backing_off').then(() => hub.client.connected());
    await hub.phase('backing_off');
    hub.holdsNewer = false;
    hub.onFrame = answerWell;
    hub.clock.advance(125);
    expect((await Promise.all([online, late])).map(({ hub: id }) => id)).toEqual(['hub', 'hub']);
    await hub.client.close();
  });

  test('that has revoked the newer credential as well tells whoever waits', async () => {
    const hub = new ScriptedHub();
    hub.holdsNewer = true;
    hub.onFrame = (side) => side.close('revoked');
    hub.client.start();
    const refused = hub.client.connected();
    await hub.phase('backing_off');
    hub.holdsNewer = false;
    hub.clock.advance(125);
    await expect(refused).rejects.toMatchObject({ code: 'revoked' });
    await hub.client.close();
  });

  test('which took another connection of its own for the newer one is back at once', async () => {
    const hub = new ScriptedHub();
    hub.races = true;
    hub.onFrame = (side) => {
      if (side === hub.sessions[1]) side.close('superseded');
    };
    hub.client.start();
    await hub.phase('backing_off');
    expect(hub.client.lastError).toMatchObject({ code: 'unreachable', cause: { code: 'superseded' } });
    hub.races = false;
    hub.onFrame = answerWell;
    hub.clock.advance(125);
    await hub.client.connected();
    await hub.client.close();
  });

  test('which another program with its credential has taken, leaves it to that for minutes', async () => {
    const hub = new ScriptedHub();
    hub.onFrame = (side) => side.close('superseded');
    hub.client.start();
    await expect(hub.client.connected()).rejects.toMatchObject({ code: 'superseded' });
    hub.clock.advance(299_999);
    await settled();
    expect(hub.dials).toBe(1);
    await hub.client.close();
  });

  test('that sends no welcome gives up on it after five seconds', async () => {
    const hub = new ScriptedHub();
    hub.onFrame = () => {};
    hub.client.start();
    await (await hub.session(1)).frame(FrameType.Hello);
    const gaveUp = hub.phase('backing_off');
    hub.clock.advance(5_000);
    await gaveUp;
    expect(hub.client.lastError?.code).toBe('handshake_timeout');
    await hub.client.close();
  });

  test('that breaks the protocol closes with the code', async () => {
    const hub = new ScriptedHub();
    hub.client.start();
    await hub.client.connected();
    const session = await hub.session(1);
    session.welcome();
    expect((await session.connection.closed).error.code).toBe('unexpected_frame');
    await hub.client.close();
  });
});

async function sentAway(): Promise<ScriptedHub> {
  const hub = new ScriptedHub();
  hub.client.start();
  await hub.client.connected();
  const left = hub.phase('backing_off');
  const session = await hub.session(1);
  session.send(0, encodeGoAway(session.writer, { code: 'going_away', reason: 'restart', spreadMs: 2_000 }));
  await left;
  return hub;
}

describe('a client that is sent away', () => {
  test('keeps the old connection and dials anew within the spread', async () => {
    const hub = await sentAway();
    hub.clock.advance(999);
    await settled();
    expect(hub.dials).toBe(1);
    hub.clock.advance(1);
    await hub.session(2);
    await hub.client.connected();
    const [old] = hub.sessions;
    let closed = false;
    void old?.connection.closed.then(() => (closed = true));
    await settled();
    expect(closed).toBe(false);
    await hub.client.close();
    expect((await (old as NonNullable<typeof old>).connection.closed).by).toBe('peer');
  });

  test('heeds nothing more that the old connection says of its standing', async () => {
    const hub = await sentAway();
    const [old] = hub.sessions;
    old?.send(0, encodeStatus(old.writer, { status: 'authorized', hostname: 'me', roles: ['late'] }));
    old?.send(0, encodeGoAway(old.writer, { code: 'going_away', reason: 'again', spreadMs: 0 }));
    await settled();
    expect(hub.client.phase).toBe('backing_off');
    hub.clock.advance(1_000);
    await hub.client.connected();
    expect(hub.client.phase).toBe('online');
    old?.send(0, encodeGoAway(old.writer, { code: 'going_away', reason: 'again', spreadMs: 0 }));
    await settled();
    expect(hub.client.phase).toBe('online');
    await hub.client.close();
  });

  test('right behind the welcome goes', async () => {
    const hub = new ScriptedHub();
    hub.onFrame = (side, frame) => {
      answerWell(side, frame);
      if (hub.sessions.length === 1)
        side.send(0, encodeGoAway(side.writer, { code: 'going_away', reason: 'draining', spreadMs: 2_000 }));
    };
    const left = hub.phase('backing_off');
    hub.client.start();
    await left;
    hub.clock.advance(1_000);
    await hub.session(2);
    await hub.client.close();
  });
});

describe('closing', () => {
  test('while it connects leaves no connection behind', async () => {
    const hub = new ScriptedHub();
    hub.onFrame = () => {};
    hub.client.start();
    const session = await hub.session(1);
    await session.frame(FrameType.Hello);
    await hub.client.close();
    expect((await session.connection.closed).by).toBe('peer');
    expect(hub.client.phase).toBe('stopped');
    expect(hub.clock.pendingTimers).toBe(0);
  });

  test('while it backs off leaves no timer behind, and ends its events', async () => {
    const hub = new ScriptedHub();
    await hub.stop();
    const lost = hub.phase('backing_off');
    const events = hub.client.events();
    hub.client.start();
    await lost;
    await hub.client.close();
    expect((await readAll(events)).at(-1)).toMatchObject({ kind: 'phase', phase: 'stopped' });
    expect(hub.clock.pendingTimers).toBe(0);
    await expect(hub.client.connected()).rejects.toMatchObject({ code: 'closed' });
  });

  test('twice, also at once, is closing once', async () => {
    const hub = new ScriptedHub();
    hub.client.start();
    await hub.client.connected();
    await Promise.all([hub.client.close(), hub.client.close()]);
    await hub.client.close();
    expect(hub.releases).toBe(1);
  });
});

test('who waits for a connection may give up', async () => {
  const hub = new ScriptedHub();
  await hub.stop();
  hub.client.start();
  const abort = new AbortController();
  const waiting = hub.client.connected({ signal: abort.signal });
  abort.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'unreachable' });
  await hub.client.close();
});

test('a connection on which a request stays without a word is left for another', async () => {
  const hub = new ScriptedHub();
  hub.client.start();
  await hub.client.connected();
  const lost = expect(hub.client.request('print', 'label', { resolutionMs: 1_000 })).rejects.toMatchObject({
    code: 'hub_lost',
    retrySafe: false,
  });
  await (await hub.session(1)).frame(FrameType.Request);
  hub.clock.advance(6_000);
  await lost;
  expect((await (await hub.session(1)).connection.closed).error.code).toBe('idle_timeout');
  await settled();
  hub.clock.advance(250);
  await hub.session(2);
  await hub.client.close();
});

/** Lets the client look at the name as often as it takes to believe it. */
async function looks(hub: ScriptedHub): Promise<void> {
  for (let look = 0; look < 3; look++) {
    hub.clock.advance(5_000);
    await settled();
  }
}

describe('a client whose hub’s name points elsewhere', () => {
  test('connects there and leaves the old address, online all the while', async () => {
    const hub = new ScriptedHub();
    hub.client.start();
    await hub.client.connected();
    const phases = hub.client.events();
    hub.pointsTo = '192.0.2.8';
    await looks(hub);
    await hub.session(2);
    const first = await hub.session(1);
    expect((await first.connection.closed).error.code).toBe('closed');
    expect(hub.client.phase).toBe('online');
    const seen = [];
    for await (const event of phases) {
      seen.push(event.kind);
      if (event.kind === 'hubMoved') break;
    }
    expect(seen).not.toContain('phase');
    await hub.client.close();
  });

  test('waits for what is in flight', async () => {
    const hub = new ScriptedHub();
    hub.client.start();
    await hub.client.connected();
    const first = await hub.session(1);
    const request = hub.client.request('print', 'label', { resolutionMs: 60_000 });
    const frame = await first.frame(FrameType.Request);
    hub.pointsTo = '192.0.2.8';
    await looks(hub);
    expect(hub.dials).toBe(1);
    first.send(frame.id, encodeOutcome(first.writer, frame.id, { code: 'busy', reason: '', retryAfterMs: 0 }));
    await expect(request).rejects.toMatchObject({ code: 'busy' });
    hub.clock.advance(20);
    await hub.session(2);
    await hub.client.close();
  });

  test('stays where it is while nobody answers there', async () => {
    const hub = new ScriptedHub();
    hub.client.start();
    await hub.client.connected();
    hub.onFrame = (side) => side.close('overloaded');
    hub.pointsTo = '192.0.2.8';
    await looks(hub);
    await hub.session(2);
    await settled();
    expect(hub.client.phase).toBe('online');
    hub.onFrame = answerWell;
    await looks(hub);
    await hub.session(3);
    await hub.client.close();
  });
});
