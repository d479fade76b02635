import { randomBytes } from 'node:crypto';
import {
  BODY_MAX_BYTES,
  encodeAck,
  encodeHello,
  encodeRequest,
  encodeStatus,
  FrameType,
  PackedWriter,
  writeFrameHeader,
  type ErrorCode,
} from '@qconn/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RunningHub, type TestMachine } from './running-hub.ts';
import { ScriptedClient } from './scripted-client.ts';

let hub: RunningHub;
let hostile: TestMachine;
let bystander: ScriptedClient;

beforeAll(async () => {
  hub = await RunningHub.start();
  hostile = await hub.machine();
  await hub.authorize(hostile, 'hostile', [{ effect: 'allow', verb: 'submit', serviceTypes: ['*'] }]);
  const honest = await hub.machine();
  await hub.authorize(honest, 'honest', [{ effect: 'allow', verb: 'query', serviceTypes: ['*'] }]);
  bystander = new ScriptedClient(await hub.connect(honest.tls));
  await bystander.greet();
});

afterAll(async () => {
  bystander.close();
  await hub.close();
});

const writer = new PackedWriter();

function header(type: number, controlBytes: number, bodyBytes: number, flags = 0): Uint8Array {
  const bytes = new Uint8Array(16);
  writeFrameHeader(bytes, 0, { type, flags, id: 1, controlBytes, bodyBytes });
  return bytes;
}

const request = encodeRequest(writer, 1, {
  address: { serviceType: 'print' },
  resolutionMs: 1000,
  jobMs: 1000,
  idempotencyKey: undefined,
  stickyKey: undefined,
  waitForTarget: false,
  inquiry: false,
  headers: new Uint8Array(0),
  body: new Uint8Array(0),
});

/** What is sent after a proper hello and welcome, and the code with which the connection has to be closed. */
const afterWelcome: [what: string, bytes: () => Uint8Array, code: ErrorCode][] = [
  ['a frame of an unknown type', () => header(0xfe, 0, 0), 'bad_frame'],
  ['a control section over its limit', () => header(FrameType.Request, 0xffff, 0), 'frame_too_large'],
  ['a body over its limit', () => header(FrameType.Request, 0, BODY_MAX_BYTES + 1), 'frame_too_large'],
  ['a body of four gigabytes', () => header(FrameType.Request, 0, 0xffff_ffff), 'frame_too_large'],
  ['a reserved flag', () => header(FrameType.Ack, 0, 0, 0x80), 'bad_frame'],
  ['a request with no fields', () => header(FrameType.Request, 0, 0), 'bad_frame'],
  [
    'a request cut after its service type',
    () => Uint8Array.of(...header(FrameType.Request, 6, 0), ...request.subarray(16, 22)),
    'bad_frame',
  ],
  [
    'a query that is not CBOR',
    () => Uint8Array.of(...header(FrameType.Query, 4, 0), 0xff, 0xff, 0xff, 0xff),
    'bad_frame',
  ],
  [
    'a second hello',
    () => encodeHello(writer, { agent: 'again/1', lanes: 1, instance: 'i', remembersJobs: false }),
    'unexpected_frame',
  ],
  [
    'a frame that only hubs send',
    () => encodeStatus(writer, { status: 'authorized', hostname: 'me', roles: ['admin'] }),
    'unexpected_frame',
  ],
  ['random bytes', () => randomBytes(4096), 'bad_frame'],
];

/** What is sent first, in place of a lane's type and a hello. */
const instead: [what: string, first: Uint8Array, then: Uint8Array, code: ErrorCode][] = [
  ['a stream of an unknown type', Uint8Array.of(0x77), new Uint8Array(0), 'bad_stream'],
  ['text where a stream’s type belongs', Buffer.from('GET / HTTP/1.1\r\n\r\n'), new Uint8Array(0), 'bad_stream'],
  ['a request before the hello', Uint8Array.of(0x01), request, 'unexpected_frame'],
  ['an acknowledgement before the hello', Uint8Array.of(0x01), encodeAck(writer, 1), 'unexpected_frame'],
];

async function expectClosed(client: ScriptedClient, code: ErrorCode): Promise<void> {
  const { by, error } = await client.closed;
  expect(by).toBe('peer');
  // Random bytes may break more than one rule.
  expect(code === 'bad_frame' ? ['bad_frame', 'frame_too_large'] : [code]).toContain(error.code);
  expect(error.message).not.toBe('');
}

/** Everybody else is still served. */
async function expectServing(): Promise<void> {
  bystander.send(new PackedWriter().begin().raw(Uint8Array.of(0xa0)).finish(FrameType.Query, 1));
  expect((await bystander.frame(FrameType.QueryResult, 1)).id).toBe(1);
}

describe('a peer that breaks the protocol is closed with the code, logged, and hurts nobody else', () => {
  test.each(afterWelcome)('%s', async (_, bytes, code) => {
    const client = new ScriptedClient(await hub.connect(hostile.tls));
    const { session } = await client.greet();
    client.send(bytes());
    await expectClosed(client, code);
    const line = await hub.log.line('session_ended', (found) => found['session'] === session);
    expect(line.level).toBe('warn');
    expect(line.err?.code).toBe((await client.closed).error.code);
    await expectServing();
  });

  test.each(instead)('%s', async (_, first, then, code) => {
    const client = new ScriptedClient(await hub.connect(hostile.tls), first);
    if (then.length > 0) client.send(then);
    await expectClosed(client, code);
    await expectServing();
  });

  test('a lane that ends', async () => {
    const client = new ScriptedClient(await hub.connect(hostile.tls));
    await client.greet();
    client.finish();
    await expectClosed(client, 'bad_stream');
    await expectServing();
  });

  test('a frame cut short by the end of its connection', async () => {
    const client = new ScriptedClient(await hub.connect(hostile.tls));
    const { session } = await client.greet();
    client.send(request.subarray(0, request.length - 3));
    client.close();
    await hub.log.line('session_ended', (found) => found['session'] === session);
    await expectServing();
  });
});
