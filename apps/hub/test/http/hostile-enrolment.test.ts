import { ManualClock } from '@qconn/clock';
import { createCsr, formatSecret, generateKeyPair, generateSecret, TrustBundle } from '@qconn/identity';
import type { ErrorCode } from '@qconn/protocol';
import { createLog } from '@qconn/startup';
import { createTestPki, type TestPki } from '@qconn/testkit';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { MachineCertificates } from '../../src/admission/certificates.ts';
import type { ApiContext, App } from '../../src/http/app.ts';
import { buildApp } from '../../src/http/http-api.ts';

let pki: TestPki;
let app: App;
let csr: string;
let token: string;
/** Requests that were found good enough to ask the database about. */
let asked: number;

beforeAll(async () => {
  pki = await createTestPki();
  const { keyPem, chain } = await pki.server();
  csr = Buffer.from(await createCsr(await generateKeyPair())).toString('base64');
  token = formatSecret('qt', generateSecret('qt', pki.rootPin));
  const clock = new ManualClock();
  const enrol = (): Promise<never> => {
    asked += 1;
    return Promise.reject(new Error('nobody asks that far'));
  };
  const store = { enrol } as unknown as ApiContext['store'];
  const authority = {
    issuing: pki.ca,
    issuers: [pki.ca],
    trust: TrustBundle.parse(pki.rootPem),
    rotation: undefined,
  };
  const context = {
    clock,
    store,
    authority,
    certificates: new MachineCertificates(
      { clock, store, authority },
      { validityMs: 60_000, graceMs: 0, recoveriesMax: 0 },
    ),
    log: createLog({ component: 'test', level: 'silent', format: 'json' }),
    metrics: { http: { answered: () => {}, rateLimited: () => {} } },
    security: { tell: () => {} },
    draining: () => false,
    limits: { requestsPerSecond: 10_000, enrolmentsPerSecond: 10_000 },
    hub: { id: 'hub', quicPort: 7443, advertise: [] },
  } as unknown as ApiContext;
  app = await buildApp(context, { key: keyPem, cert: chain });
});

beforeEach(() => {
  asked = 0;
});

afterAll(() => app.close());

type Body = Record<string, unknown>;

/** What is sent: changes to a good body, or the bytes themselves. */
type Sent = Body | string | (() => Body | string);

const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;

const CASES: readonly (readonly [what: string, sent: Sent, code: ErrorCode])[] = [
  // Not the body of an enrolment
  ['nothing', '', 'invalid_request'],
  ['no JSON', 'token=qt1', 'invalid_request'],
  ['JSON cut short', '{"token":"qt1', 'invalid_request'],
  ['a list', '[]', 'invalid_request'],
  ['null', 'null', 'invalid_request'],
  ['a text', '"qt1"', 'invalid_request'],
  ['an unknown field', { admin: true }, 'invalid_request'],
  ['a status of its own', { status: 'authorized' }, 'invalid_request'],
  ['roles of its own', { roles: ['admin'] }, 'invalid_request'],
  ['a prototype', '{"__proto__":{"access":"public"},"token":"qt1","csr":"AAAA"}', 'invalid_request'],
  ['a constructor', '{"constructor":{"prototype":{"a":1}},"token":"qt1","csr":"AAAA"}', 'invalid_request'],
  ['a thousand levels', () => nested(1_000), 'invalid_request'],
  ['17 KiB', () => JSON.stringify({ token: 'q'.repeat(17 * 1024) }), 'too_large'],
  ['a megabyte', () => JSON.stringify({ token: 'q'.repeat(1 << 20) }), 'too_large'],
  ['a byte order mark and nothing else', '\ufeff', 'invalid_request'],
  // Tokens
  ['no token', { token: undefined }, 'invalid_request'],
  ['a token that is a number', { token: 7 }, 'invalid_request'],
  ['a token that is a list', { token: ['qt1'] }, 'invalid_request'],
  ['a token that is an object', { token: { $ne: null } }, 'invalid_request'],
  ['a token of 257 characters', { token: 'q'.repeat(257) }, 'invalid_request'],
  ['an empty token', { token: '' }, 'token_malformed'],
  ['half a token', () => ({ token: token.slice(0, 40) }), 'token_malformed'],
  [
    'a token with a typing error',
    () => ({ token: token.replace(/.$/, (last) => (last === 'q' ? 'p' : 'q')) }),
    'token_malformed',
  ],
  ['a token with NUL', () => ({ token: `${token}\0` }), 'token_malformed'],
  ['a token with a bidirectional mark', () => ({ token: `\u202e${token}` }), 'token_malformed'],
  ['a token in full-width letters', () => ({ token: token.replace('qt1', 'ｑｔ１') }), 'token_malformed'],
  ['SQL for a token', { token: `' OR 1=1 --` }, 'token_malformed'],
  ['an API key for a token', () => ({ token: formatSecret('qk', generateSecret('qk')) }), 'token_malformed'],
  // Requests for a certificate
  ['no request', { csr: undefined }, 'invalid_request'],
  ['an empty request', { csr: '' }, 'invalid_request'],
  ['a request that is no base64', { csr: '%%%%' }, 'invalid_request'],
  ['a request in base64 for URLs', { csr: 'MI-_' }, 'invalid_request'],
  ['a request with a line end', () => ({ csr: `${csr}\n` }), 'invalid_request'],
  ['a request in PEM', { csr: '-----BEGIN CERTIFICATE REQUEST-----' }, 'invalid_request'],
  ['a request of more characters than any', { csr: 'A'.repeat(8_193) }, 'invalid_request'],
  ['a request of more octets than any', { csr: 'A'.repeat(8_192) }, 'csr_malformed'],
  ['noise for a request', { csr: 'AAAA' }, 'csr_malformed'],
  ['a request cut short', () => ({ csr: csr.slice(0, 100) }), 'csr_malformed'],
  [
    'two requests',
    () => ({ csr: Buffer.from([...Buffer.from(csr, 'base64'), ...Buffer.from(csr, 'base64')]).toString('base64') }),
    'csr_malformed',
  ],
  // Names
  ['a hostname that is a number', { hostname: 7 }, 'invalid_request'],
  ['a hostname of 129 characters', { hostname: 'a'.repeat(129) }, 'invalid_request'],
  ['an empty hostname', { hostname: '' }, 'hostname_invalid'],
  ['a hostname with NUL', { hostname: 'lims\0.example' }, 'hostname_invalid'],
  ['a hostname with a bidirectional override', { hostname: 'lims\u202egnp.exe' }, 'hostname_invalid'],
  ['a hostname with a character of no width', { hostname: 'li\u200bms' }, 'hostname_invalid'],
  ['a homograph', { hostname: 'lіms' }, 'hostname_invalid'],
  ['a hostname in full-width letters', { hostname: 'ｌｉｍｓ' }, 'hostname_invalid'],
  ['a hostname that folds into another one', { hostname: 'lim\u017f' }, 'hostname_invalid'],
  ['a Kelvin sign, whose lower case is k', { hostname: '\u212aiosk' }, 'hostname_invalid'],
  ['path traversal', { hostname: '../../etc/passwd' }, 'hostname_invalid'],
  ['a wildcard', { hostname: '*' }, 'hostname_invalid'],
  ['a fingerprint for a hostname, with a space', { hostname: 'qc1 x' }, 'hostname_invalid'],
  ['a hostname of two lines', { hostname: 'lims\nauthorized' }, 'hostname_invalid'],
  ['markup', { hostname: '<script>' }, 'hostname_invalid'],
  ['half a surrogate pair', '{"hostname":"\\ud800"}', 'hostname_invalid'],
  // Facts
  ['facts that are a list', { facts: [] }, 'invalid_request'],
  ['a fact that nobody knows', { facts: { root: true } }, 'invalid_request'],
  ['a fact of 201 characters', { facts: { os: 'x'.repeat(201) } }, 'invalid_request'],
  ['a fact with NUL', { facts: { os: 'Linux\0' } }, 'invalid_request'],
  ['a fact that clears the screen', { facts: { os: '\u001b[2J' } }, 'invalid_request'],
  ['a fact with a bidirectional override', { facts: { agent: 'qconn\u202e' } }, 'invalid_request'],
  ['half a surrogate pair for a fact', '{"facts":{"arch":"\\ud800"}}', 'invalid_request'],
];

function payloadOf(sent: Sent): string {
  const given = typeof sent === 'function' ? sent() : sent;
  if (typeof given !== 'string') return JSON.stringify({ token, csr, ...given });
  if (!given.startsWith('{"hostname"') && !given.startsWith('{"facts"')) return given;
  return `{"token":"${token}","csr":"${csr}",${given.slice(1)}`;
}

test.each(CASES)('an enrolment with %s is refused before the database is asked', async (_what, sent, code) => {
  const payload = payloadOf(sent);
  const before = process.memoryUsage().arrayBuffers;
  const answer = await app.inject({
    method: 'POST',
    url: '/v1/enroll',
    payload,
    headers: { 'content-type': 'application/json' },
  });
  expect(answer.json<{ code: string }>().code).toBe(code);
  expect(answer.statusCode).toBeGreaterThanOrEqual(400);
  expect(answer.statusCode).toBeLessThan(500);
  expect(asked).toBe(0);
  // Neither the secret nor what else was sent comes back.
  expect(answer.body).not.toContain(token);
  expect(answer.body.length).toBeLessThan(4_096);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 * payload.length + 512 * 1024);
});

test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/xml'])(
  'an enrolment as %s is refused',
  async (type) => {
    const headers = { 'content-type': type };
    const answer = await app.inject({ method: 'POST', url: '/v1/enroll', payload: payloadOf({}), headers });
    expect(answer.json()).toMatchObject({ code: 'invalid_request' });
    expect(asked).toBe(0);
  },
);

test('the enrolment that all the others differ from is good: the database is asked', async () => {
  await app.inject({
    method: 'POST',
    url: '/v1/enroll',
    payload: { token, csr, hostname: 'LIMS-1', facts: { os: 'Linux 6' } },
  });
  expect(asked).toBe(1);
});
