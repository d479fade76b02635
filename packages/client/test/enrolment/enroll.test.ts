import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, type Clock } from '@qconn/clock';
import { CredentialStore, formatSecret, generateSecret } from '@qconn/identity';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { enroll } from '../../src/enrolment/enroll.ts';
import { readEnrolmentAnswer } from '../../src/enrolment/enrolment-answer.ts';
import { TlsServer } from '../https/tls-server.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'qconn-enrol-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const TOKEN = formatSecret('qt', generateSecret('qt', new Uint8Array(32)));
/** Nobody is there: a call that touched the network would say so. */
const NOWHERE = 'https://127.0.0.1:1';

const mistakes: [what: string, options: { token?: string; hub?: string; hostname?: string }, code: string][] = [
  [
    'a token with a typing error',
    { token: TOKEN.replace(/.$/, (last) => (last === 'q' ? 'p' : 'q')) },
    'token_malformed',
  ],
  ['half a token', { token: TOKEN.slice(0, 40) }, 'token_malformed'],
  ['no token', { token: '' }, 'token_malformed'],
  ['an API key instead of a token', { token: formatSecret('qk', generateSecret('qk')) }, 'token_malformed'],
  ['an address without https', { hub: 'http://hub.example' }, 'usage'],
  ['an unusable hostname', { hostname: 'not a name' }, 'hostname_invalid'],
];

test.each(mistakes)('%s is refused before the network and the disk are touched', async (_, options, code) => {
  const store = new CredentialStore(join(folder, 'credential'));
  const enrolment = enroll({ hub: NOWHERE, token: TOKEN, store, agent: 'test/1', ...options });
  await expect(enrolment).rejects.toMatchObject({ code });
  expect(await readdir(folder)).toEqual([]);
});

test('a hub that is not there is unreachable, and no key is made for it', async () => {
  const store = new CredentialStore(join(folder, 'credential'));
  const enrolment = enroll({ hub: NOWHERE, token: TOKEN, store, agent: 'test/1' });
  await expect(enrolment).rejects.toMatchObject({ code: 'unreachable' });
  expect(await readdir(folder)).toEqual([]);
});

test('a hub that asks for patience is given it, and each wait is at least as long as it asked', async () => {
  const problems = [
    { code: 'rate_limited', status: 429, retryAfterMs: 40 },
    { code: 'rate_limited', status: 429, retryAfterMs: 70 },
    { code: 'token_spent', status: 409 },
  ];
  let calls = 0;
  const server = await TlsServer.start((_request, response) => {
    const problem = problems[calls++];
    response.writeHead(problem?.status ?? 500).end(JSON.stringify(problem));
  });
  onTestFinished(() => server.close());
  const waits: number[] = [];
  const clock: Clock = {
    now: () => systemClock.now(),
    monotonic: () => systemClock.monotonic(),
    setTimer: (ms, run) => {
      waits.push(ms);
      return systemClock.setTimer(0, run);
    },
  };
  const token = formatSecret('qt', generateSecret('qt', server.pki.rootPin));
  const store = new CredentialStore(join(folder, 'credential'));
  const enrolment = enroll({ hub: server.url.origin, token, store, agent: 'test/1', clock });
  await expect(enrolment).rejects.toMatchObject({ code: 'token_spent' });
  expect(calls).toBe(3);
  expect(waits).toHaveLength(2);
  expect(waits[0]).toBeGreaterThanOrEqual(40);
  expect(waits[1]).toBeGreaterThanOrEqual(70);
});

const machine = { fingerprint: 'qc1x', shortCode: 'K7QM-2XPD', status: 'pending' };
const whole = { machine, chain: ['pem'], trust: ['pem'], quic: { port: 7443, addresses: [{ host: 'a', port: 1 }] } };

test('an answer that is whole is taken', () => {
  expect(readEnrolmentAnswer(whole)).toBe(whole);
});

test.each([
  undefined,
  null,
  'text',
  {},
  { ...whole, machine: null },
  { ...whole, machine: { ...machine, status: 'revoked' } },
  { ...whole, machine: { ...machine, notApproved: 7 } },
  { ...whole, chain: [] },
  { ...whole, trust: [7] },
  { ...whole, quic: null },
  { ...whole, quic: { port: '7443', addresses: [] } },
  { ...whole, quic: { port: 7443, addresses: [null] } },
  { ...whole, quic: { port: 7443, addresses: [{ host: 'a' }] } },
])('an answer that is not a hub’s is refused: %j', (answer) => {
  expect(() => readEnrolmentAnswer(answer)).toThrow(expect.objectContaining({ code: 'unreachable' }));
});
