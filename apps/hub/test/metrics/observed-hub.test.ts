import { createCsr, generateKeyPair } from '@qconn/identity';
import {
  encodeAck,
  encodeProvide,
  encodeRequest,
  encodeResponse,
  FrameType,
  type Frame,
  type Request,
} from '@qconn/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RunningHub } from '../hub/running-hub.ts';
import { ScriptedClient } from '../hub/scripted-client.ts';
import { sample } from './exposition.ts';
import { ask, type Answer } from './hub-request.ts';

const NO_BYTES = new Uint8Array(0);
const REQUEST: Request = {
  address: { serviceType: 'print' },
  resolutionMs: 10_000,
  jobMs: 30_000,
  idempotencyKey: undefined,
  stickyKey: undefined,
  waitForTarget: false,
  inquiry: false,
  headers: NO_BYTES,
  body: new Uint8Array(7),
};

let hub: RunningHub;
let adminKey: string;
let printer: ScriptedClient;
let lims: ScriptedClient;

beforeAll(async () => {
  // It is asked while it drains: for as long as that takes.
  hub = await RunningHub.start({ config: { drainMs: 600_000 } });
  const body = { secret: hub.bootstrapSecret, name: 'test' };
  adminKey = (await ask(hub, '/v1/bootstrap', { method: 'POST', body })).json['key'] as string;
  printer = await connect('printer', 'provide');
  printer.send(encodeProvide(printer.writer, 1, { device: 'zebra-1', serviceTypes: ['print'] }));
  await printer.frame(FrameType.Provided);
  lims = await connect('lims', 'submit');
});

afterAll(() => hub.close());

/** A machine with one right, connected, welcomed and authorized. */
async function connect(hostname: string, verb: 'provide' | 'submit'): Promise<ScriptedClient> {
  const machine = await hub.machine();
  await hub.authorize(machine, hostname, [{ effect: 'allow', verb, serviceTypes: ['print'] }]);
  const client = new ScriptedClient(await hub.connect(machine.tls));
  const { status } = await client.greet();
  if (status === 'pending') await client.frame(FrameType.Status);
  return client;
}

/** A job that the printer has and has acknowledged. */
async function acknowledgedJob(requestId: number): Promise<Frame> {
  lims.send(encodeRequest(lims.writer, requestId, REQUEST));
  const job = await printer.frame(FrameType.Deliver);
  printer.send(encodeAck(printer.writer, job.id));
  await lims.frame(FrameType.Stages, requestId);
  return job;
}

async function finish(job: Frame, requestId: number): Promise<void> {
  printer.send(encodeResponse(printer.writer, job.id, { headers: NO_BYTES, body: new Uint8Array(11) }));
  await lims.frame(FrameType.Response, requestId);
}

async function scrape(): Promise<string> {
  return (await ask(hub, '/metrics', { key: adminKey })).text;
}

describe('GET /metrics', () => {
  test('is for who may read metrics', async () => {
    expect((await ask(hub, '/metrics')).json['code']).toBe('unauthenticated');
    const role = { grants: [{ effect: 'allow', verb: 'admin', serviceTypes: ['sessions.read'] }] };
    await ask(hub, '/v1/roles/watcher', {
      key: adminKey,
      method: 'PUT',
      body: role,
      headers: { 'if-none-match': '*' },
    });
    const made = await ask(hub, '/v1/keys', { key: adminKey, method: 'POST', body: { name: 'w', roles: ['watcher'] } });
    expect((await ask(hub, '/metrics', { key: made.json['key'] as string })).json['code']).toBe('forbidden');
  });

  test('shows what has happened, in the text format', async () => {
    await finish(await acknowledgedJob(1), 1);
    const stranger = await hub.connect(await hub.strayCertificate(Date.now()));
    await stranger.closed;
    await hub.log.line('session_refused');
    const { status, type, text } = await ask(hub, '/metrics', { key: adminKey });
    expect(status).toBe(200);
    expect(type).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(sample(text, 'qconn_sessions{status="authorized"}')).toBe(2);
    expect(sample(text, 'qconn_sessions_refused_total{code="unknown_machine"}')).toBe(1);
    expect(sample(text, 'qconn_exchanges_total{outcome="completed"}')).toBe(1);
    expect(sample(text, 'qconn_exchange_stage_seconds_count{stage="acknowledged"}')).toBe(1);
    expect(sample(text, 'qconn_relayed_bytes_total{kind="response"}')).toBe(11);
    expect(sample(text, 'qconn_policy_age_seconds')).toBeLessThan(60);
    expect(sample(text, 'qconn_http_requests_total{method="POST",route="/v1/bootstrap",status="200"}')).toBe(1);
    expect(sample(text, 'qconn_http_requests_total{method="GET",route="/metrics",status="401"}')).toBe(1);
  });

  test('counts enrolments by their result', async () => {
    const token = await hub.token();
    const enrol = async (): Promise<Answer> => {
      const csr = Buffer.from(await createCsr(await generateKeyPair())).toString('base64');
      return ask(hub, '/v1/enroll', { method: 'POST', body: { token, csr } });
    };
    expect((await enrol()).status).toBe(200);
    expect((await enrol()).json['code']).toBe('token_spent');
    const text = await scrape();
    expect(sample(text, 'qconn_enrolments_total{result="enrolled"}')).toBe(1);
    expect(sample(text, 'qconn_enrolments_total{result="token_spent"}')).toBe(1);
    expect(sample(text, 'qconn_certificates_issued_total{occasion="enrolment"}')).toBe(1);
  });

  test('counts routes that do not exist as one', async () => {
    await ask(hub, '/no/such/thing/a8f3');
    const text = await scrape();
    expect(text).not.toContain('a8f3');
    expect(sample(text, 'qconn_http_requests_total{method="GET",route="none",status="404"}')).toBe(1);
  });

  test('counts how sessions and handshakes end', async () => {
    const leaving = await connect('leaving', 'submit');
    leaving.close();
    await hub.log.line('session_ended', ({ hostname }) => hostname === 'leaving');
    await expect(hub.connect(await hub.strayCertificate(Date.now()), ['h3'])).rejects.toMatchObject({
      code: 'no_alpn',
    });
    await hub.log.line('handshake_refused');
    const text = await scrape();
    expect(sample(text, 'qconn_sessions_ended_total{code="closed"}')).toBe(1);
    expect(sample(text, 'qconn_handshakes_refused_total{code="no_alpn"}')).toBe(1);
  });
});

describe('GET /readyz', () => {
  test('is open to everybody, and 200 while the hub can do its work', async () => {
    expect(await ask(hub, '/readyz')).toMatchObject({ status: 200, json: { status: 'ok' } });
  });

  test('is 503 when the database is gone, while the process is alive and messages go on', async () => {
    await hub.store.close();
    expect(await ask(hub, '/readyz')).toMatchObject({
      status: 503,
      json: { code: 'database_unavailable', detail: 'The hub’s database cannot be reached.' },
    });
    expect((await ask(hub, '/healthz')).status).toBe(200);
    await finish(await acknowledgedJob(2), 2);
  });

  test('is 503 while the hub drains', async () => {
    const job = await acknowledgedJob(3);
    const closed = hub.hub.close();
    expect(await ask(hub, '/readyz')).toMatchObject({ status: 503, json: { code: 'hub_draining' } });
    await finish(job, 3);
    await closed;
  });
});
