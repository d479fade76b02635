import { encodeProvide, encodeRequest, FrameType, PackedWriter } from '@qconn/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RunningHub, type TestMachine } from '../../apps/hub/test/hub/running-hub.ts';
import { ScriptedClient } from '../../apps/hub/test/hub/scripted-client.ts';
import { ScriptedHub } from '../../packages/client/test/scripted-hub.ts';
import { badFrames, type BadFrame } from '../src/bad-frames.ts';

const NO_BYTES = new Uint8Array(0);

/** What a frame of the hub's answers, where that is neither a query nor a request. */
const WAITING: Readonly<Record<number, number>> = {
  [FrameType.WatchSnapshot]: FrameType.Watch,
  [FrameType.WatchChanges]: FrameType.Watch,
};

describe('a client that speaks badly is closed with the code, and hurts nobody else', () => {
  let hub: RunningHub;
  let hostile: TestMachine;
  let bystander: ScriptedClient;

  beforeAll(async () => {
    hub = await RunningHub.start();
    hostile = await hub.machine();
    const honest = await hub.machine();
    const all = (['provide', 'submit', 'query'] as const).map((verb) => ({
      effect: 'allow' as const,
      verb,
      serviceTypes: ['*'],
    }));
    await hub.authorize(hostile, 'hostile', all);
    await hub.authorize(honest, 'honest', all);
    await hub.policyInForce();
    bystander = new ScriptedClient(await hub.connect(honest.tls));
    await bystander.greet();
  });

  afterAll(async () => {
    bystander.close();
    await hub.close();
  });

  let requests = 0;

  /** The hostile one provides, and the bystander has sent it a job. @returns the hub's id of the job */
  async function job(client: ScriptedClient): Promise<number> {
    client.send(encodeProvide(client.writer, 1, { device: 'd', serviceTypes: ['work'] }));
    await client.frame(FrameType.Provided);
    const request = {
      address: { serviceType: 'work', machine: 'hostile' },
      resolutionMs: 60_000,
      jobMs: 60_000,
      idempotencyKey: undefined,
      stickyKey: undefined,
      waitForTarget: false,
      inquiry: false,
      headers: NO_BYTES,
      body: NO_BYTES,
      streamed: undefined,
    };
    bystander.send(encodeRequest(bystander.writer, ++requests * 1_000, request));
    return (await client.frame(FrameType.Deliver)).id;
  }

  /** Frames about a job count only while there is one: for all others they would be late, not wrong. */
  const ABOUT_A_JOB: ReadonlySet<number> = new Set([
    FrameType.Ack,
    FrameType.Response,
    FrameType.Progress,
    FrameType.Extend,
    FrameType.Outcome,
  ]);

  test.each([...badFrames('client')])('$what', async ({ bytes, codes, type }: BadFrame) => {
    const client = new ScriptedClient(await hub.connect(hostile.tls));
    // A Hello is looked at once; a second one is unexpected whatever it says.
    if (type !== FrameType.Hello) await client.greet();
    client.send(bytes(ABOUT_A_JOB.has(type) ? await job(client) : 7));
    const { by, error } = await client.closed;
    expect([by, error.code, error.message === '']).toEqual(['peer', expect.toBeOneOf([...codes]), false]);
    bystander.send(
      new PackedWriter()
        .begin()
        .raw(Uint8Array.of(0xa0))
        .finish(FrameType.Query, ++requests * 1_000),
    );
    await bystander.frame(FrameType.QueryResult, requests * 1_000);
  });
});

describe('a hub that speaks badly is left with the code, and the client looks for it again', () => {
  test.each([...badFrames('hub')])('$what', async ({ bytes, codes, type }: BadFrame) => {
    const hub = new ScriptedHub();
    hub.client.start();
    await hub.client.connected();
    const session = await hub.session(1);
    // Answers count only while somebody waits for them.
    const query = hub.client.query();
    const request = hub.client.request('work', '');
    const watching = hub.client.watch();
    watching.next().catch(() => {});
    query.catch(() => {});
    request.catch(() => {});
    const asked = type < FrameType.Request ? FrameType.Query : FrameType.Request;
    const { id } = await session.frame(WAITING[type] ?? asked);
    session.send(id, bytes(id));
    const { by, error } = await session.connection.closed;
    expect([by, error.code]).toEqual(['peer', expect.toBeOneOf([...codes, 'unexpected_frame'])]);
    await expect(request).rejects.toMatchObject({ code: 'hub_lost' });
    await expect(query).rejects.toThrow();
    hub.clock.advance(60_000);
    await hub.session(2);
    await hub.client.close(0);
  });
});
