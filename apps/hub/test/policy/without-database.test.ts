import { ManualClock } from '@qconn/clock';
import { createCsr, generateKeyPair } from '@qconn/identity';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DatabaseGate } from '../hub/database-gate.ts';
import { RunningHub, type TestMachine } from '../hub/running-hub.ts';
import { ScriptedClient } from '../hub/scripted-client.ts';
import { sample } from '../metrics/exposition.ts';
import { ask } from '../metrics/hub-request.ts';

/** Longer than anything here takes on whatever machine, and shorter than the silence after which a connection ends. */
const MAX_AGE_MS = 20_000;

/** The hub's time passes as ever, and leaps when the test says so. */
const clock = new ManualClock(Date.now());
let running: NodeJS.Timeout;

let gate: DatabaseGate;
let hub: RunningHub;
let adminKey: string;
let machine: TestMachine;

beforeAll(async () => {
  let last = Math.floor(performance.now());
  running = setInterval(() => {
    const before = last;
    last = Math.floor(performance.now());
    clock.advance(last - before);
  }, 5);
  hub = await RunningHub.start({
    clock,
    config: { policy: { maxAgeMs: MAX_AGE_MS } },
    reach: async (databaseUrl) => {
      const way = await DatabaseGate.before(databaseUrl);
      gate = way.gate;
      return way.url;
    },
  });
  const body = { secret: hub.bootstrapSecret, name: 'test' };
  adminKey = (await ask(hub, '/v1/bootstrap', { method: 'POST', body })).json['key'] as string;
  machine = await hub.machine();
});

afterAll(async () => {
  gate.open();
  await hub.close();
  gate.close();
  clearInterval(running);
});

async function connect(): Promise<ScriptedClient> {
  return new ScriptedClient(await hub.connect(machine.tls));
}

describe('a hub that loses its database', () => {
  test('refuses changes and new admissions, keeps its sessions for a while, ends them, and comes back by itself', async () => {
    const token = await hub.token();
    const before = await connect();
    await before.greet();
    gate.shut();

    const role = { grants: [{ effect: 'allow', verb: 'submit', serviceTypes: ['print'] }] };
    const change = await ask(hub, '/v1/roles/printer', { key: adminKey, method: 'PUT', body: role });
    expect(change).toMatchObject({ status: 503, json: { code: 'database_unavailable' } });
    const csr = Buffer.from(await createCsr(await generateKeyPair())).toString('base64');
    const enrolment = await ask(hub, '/v1/enroll', { method: 'POST', body: { token, csr } });
    expect(enrolment).toMatchObject({ status: 503, json: { code: 'database_unavailable' } });
    const unknown = await hub.connect(await hub.strayCertificate(Date.now()));
    expect((await unknown.closed).error.code).toBe('identity_unavailable');
    expect((await ask(hub, '/readyz')).json['code']).toBe('database_unavailable');

    clock.advance(MAX_AGE_MS);
    expect((await before.closed).error.code).toBe('policy_stale');
    expect((await ask(hub, '/readyz')).json['code']).toBe('policy_stale');
    const refused = await connect();
    expect((await refused.closed).error.code).toBe('policy_stale');

    gate.open();
    await hub.log.line('policy_fresh');
    const back = await connect();
    expect((await back.greet()).status).toBe('pending');
    expect((await ask(hub, '/readyz')).status).toBe(200);
    const { text } = await ask(hub, '/metrics', { key: adminKey });
    expect(sample(text, 'qconn_database_up')).toBe(1);
    expect(sample(text, 'qconn_policy_stale')).toBe(0);
    expect(sample(text, 'qconn_sessions_ended_total{code="policy_stale"}')).toBe(1);
  });
});
