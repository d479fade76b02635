import { ManualClock } from '@qconn/clock';
import { formatSecret, generateSecret, TrustBundle } from '@qconn/identity';
import { QconnError } from '@qconn/protocol';
import { createTestPki, type TestPki } from '@qconn/testkit';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import type { ApiContext, App } from '../../src/http/app.ts';
import { buildApp } from '../../src/http/http-api.ts';
import { HubMetrics } from '../../src/metrics/hub-metrics.ts';
import { SecurityLog } from '../../src/security/security-log.ts';
import { CapturedLog } from '../hub/captured-log.ts';

const PROBLEM = 'application/problem+json';
const CSR = Buffer.from('not looked at here').toString('base64');

let pki: TestPki;
let tls: Parameters<typeof buildApp>[1];
let clock: ManualClock;
let log: CapturedLog;
let security: CapturedLog;
let metrics: HubMetrics;
let app: App;
let redemptions: number;

beforeAll(async () => {
  pki = await createTestPki();
  const { keyPem, chain } = await pki.server();
  tls = { key: keyPem, cert: chain };
});

beforeEach(async () => {
  clock = new ManualClock();
  log = new CapturedLog();
  security = new CapturedLog();
  metrics = new HubMetrics(clock);
  redemptions = 0;
  const context = {
    clock,
    authority: { serving: pki.ca, trust: TrustBundle.parse(pki.rootPem) },
    serverCertificate: { vouchers: [] },
    log: log.logger,
    metrics,
    security: new SecurityLog({ clock, log: security.logger, observers: [] }),
    certificates: {
      enrol: async () => {
        redemptions += 1;
        throw new QconnError('token_unknown');
      },
    },
    draining: () => false,
    limits: { requestsPerSecond: 5, enrolmentsPerSecond: 20 },
    hub: { id: 'hub', quicPort: 7443, advertise: [] },
  } as unknown as ApiContext;
  app = await buildApp(context, tls);
  return async () => {
    metrics.close();
    await app.close();
  };
});

function ask(url: string, remoteAddress = '192.0.2.7'): ReturnType<App['inject']> {
  return app.inject({ url, remoteAddress }) as ReturnType<App['inject']>;
}

async function guess(remoteAddress: string): Promise<number> {
  const payload = { token: formatSecret('qt', generateSecret('qt', pki.rootPin)), csr: CSR };
  return (await app.inject({ method: 'POST', url: '/v1/enroll', payload, remoteAddress })).statusCode;
}

test('who asks too often is refused with rate_limited and told when to come back; others are not', async () => {
  for (let i = 0; i < 50; i++) expect((await ask('/v1/hub')).statusCode).toBe(200);
  const refused = await ask('/v1/hub');
  expect(refused.statusCode).toBe(429);
  expect(refused.headers).toMatchObject({ 'retry-after': '1', 'content-type': expect.stringContaining(PROBLEM) });
  expect(refused.json()).toMatchObject({ code: 'rate_limited', retryAfterMs: 200, retrySafe: true });
  expect((await ask('/v1/nowhere')).statusCode).toBe(429);
  expect((await ask('/v1/hub', '192.0.2.8')).statusCode).toBe(200);
  clock.advance(200);
  expect((await ask('/v1/hub')).statusCode).toBe(200);
});

test('hosts of one IPv6 network count as one', async () => {
  for (let i = 0; i < 50; i++) expect((await ask('/v1/hub', `2001:db8::${i}`)).statusCode).toBe(200);
  expect((await ask('/v1/hub', '2001:db8::ffff:1')).statusCode).toBe(429);
  expect((await ask('/v1/hub', '2001:db8:0:1::1')).statusCode).toBe(200);
});

test('a probe of whether the process lives is always answered', async () => {
  for (let i = 0; i < 200; i++) expect((await ask('/healthz')).statusCode).toBe(200);
});

test('ten thousand wrong tokens in a second: two hundred are looked at, the log has one line of it', async () => {
  const codes = new Map<number, number>();
  for (let i = 0; i < 10_000; i++) {
    const code = await guess('192.0.2.7');
    codes.set(code, (codes.get(code) ?? 0) + 1);
  }
  expect(redemptions).toBe(200);
  expect(codes).toEqual(
    new Map([
      [401, 200],
      [429, 9_800],
    ]),
  );
  expect(security.lines.filter(({ event }) => event === 'rate_limited')).toEqual([
    expect.objectContaining({ level: 'warn', remote: '192.0.2.7', code: 'enrolments', route: 'POST /v1/enroll' }),
  ]);
  // Ten refusals, and one line for the rest of the minute.
  expect(security.lines.length).toBe(12);
  // Each of the ten has a line that says what was refused; a flood is none of lines here, either.
  expect(log.lines.length).toBe(10);
  expect(await metrics.text()).toContain('qconn_rate_limited_total{ration="enrolments"} 9800');
  // What the administrator does meanwhile, at the same address, is not an enrolment.
  expect((await ask('/v1/hub')).statusCode).toBe(200);
  expect(await guess('198.51.100.1')).toBe(401);
});
