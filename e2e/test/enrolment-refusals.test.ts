import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { CredentialStore, enroll, parseSecret, type QconnError } from '@qconn/client';
import { createCsr, formatSecret, generateKeyPair, generateSecret } from '@qconn/identity';
import { createTestPki } from '@qconn/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Site } from '../src/site.ts';

let site: Site;

beforeAll(async () => {
  site = await Site.open();
});

afterAll(() => site.close());

function tryToEnrol(token: string, hub: string = site.hubUrl): Promise<unknown> {
  return enroll({
    hub,
    token,
    store: new CredentialStore(`${site.folder}/${randomBytes(4).toString('hex')}`),
    hostname: 'newcomer',
    agent: 'e2e/1',
  });
}

/** The hub goes on enrolling honest machines. */
async function expectServing(): Promise<void> {
  const { status } = await site.enrol(`honest-${randomBytes(4).toString('hex')}`);
  expect(status).toBe('pending');
}

function expectLogged(code: string): void {
  const lines = site.log.filter(
    ({ event, err }) => event === 'request_failed' && (err as { code?: string }).code === code,
  );
  expect(lines.length).toBeGreaterThan(0);
  expect(JSON.stringify(lines)).not.toMatch(/qt1[02-9ac-hj-np-z]{20}/);
}

describe('a token that is no good', () => {
  test('unknown', async () => {
    const pin = await pinOfSite();
    await expect(tryToEnrol(formatSecret('qt', generateSecret('qt', pin)))).rejects.toMatchObject({
      code: 'token_unknown',
    });
    expectLogged('token_unknown');
    await expectServing();
  });

  test('spent', async () => {
    const token = await site.token({ uses: 1 });
    await tryToEnrol(token);
    await expect(tryToEnrol(token)).rejects.toMatchObject({ code: 'token_spent' });
    expectLogged('token_spent');
    await expectServing();
  });

  test('expired', async () => {
    const token = await site.token({ ttlSeconds: 1 });
    const expiry =
      ((await site.api.call('GET', '/v1/tokens?limit=1000')) as { items: { expiresAt: string }[] }).items.at(-1)
        ?.expiresAt ?? '';
    while (Date.now() <= Date.parse(expiry)) await site.api.call('GET', '/healthz');
    await expect(tryToEnrol(token)).rejects.toMatchObject({ code: 'token_expired' });
    expectLogged('token_expired');
    await expectServing();
  });

  test('revoked', async () => {
    const { token, record } = (await site.api.call('POST', '/v1/tokens', {})) as {
      token: string;
      record: { id: string };
    };
    await site.api.call('DELETE', `/v1/tokens/${record.id}`);
    await expect(tryToEnrol(token)).rejects.toMatchObject({ code: 'token_revoked' });
    expectLogged('token_revoked');
  });

  test('for another hub: its pin does not match, and nothing is sent', async () => {
    const other = await createTestPki({ name: 'Other' });
    const before = site.log.length;
    await expect(tryToEnrol(formatSecret('qt', generateSecret('qt', other.rootPin)))).rejects.toMatchObject({
      code: 'pin_mismatch',
    });
    expect(site.log.length).toBe(before);
    await expectServing();
  });

  test('with a typing error: found before the network is touched', async () => {
    const token = await site.token();
    const wrong = token.slice(0, -1) + (token.endsWith('q') ? 'p' : 'q');
    await expect(tryToEnrol(wrong, 'https://127.0.0.1:1')).rejects.toMatchObject({ code: 'token_malformed' });
    await expect(tryToEnrol('hunter2', 'https://127.0.0.1:1')).rejects.toMatchObject({ code: 'token_malformed' });
  });
});

async function send(csr: Uint8Array | string): Promise<unknown> {
  const text = typeof csr === 'string' ? csr : Buffer.from(csr).toString('base64');
  return site.api.call('POST', '/v1/enroll', { token: await site.token(), csr: text });
}

describe('a certificate request that is no good', () => {
  test.each([
    [
      'signed by another key',
      'csr_bad_signature',
      async () => {
        const csr = await createCsr(await generateKeyPair());
        csr[csr.length - 1] = (csr[csr.length - 1] as number) ^ 1;
        return csr;
      },
    ],
    ['cut short', 'csr_malformed', async () => (await createCsr(await generateKeyPair())).slice(0, 100)],
    [
      'with bytes behind it',
      'csr_malformed',
      async () => Uint8Array.of(...(await createCsr(await generateKeyPair())), 0),
    ],
    ['random bytes', 'csr_malformed', () => randomBytes(300)],
    [
      'a bare public key',
      'csr_malformed',
      () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'der' }),
    ],
  ])('%s', async (_, code, csr) => {
    await expect(send(await csr())).rejects.toMatchObject({ code });
    expectLogged(code);
    await expectServing();
  });

  test('longer than any request', async () => {
    await expect(send(randomBytes(40_000))).rejects.toMatchObject({ code: 'too_large' });
    await expectServing();
  });

  test('a refused request leaves the token unspent', async () => {
    const token = await site.token({ uses: 1 });
    await expect(site.api.call('POST', '/v1/enroll', { token, csr: 'AAAA' })).rejects.toMatchObject({
      code: 'csr_malformed',
    });
    await tryToEnrol(token);
  });
});

test('an address where something else answers is told apart from a hub that refuses', async () => {
  const token = await site.token();
  await expect(tryToEnrol(token, 'https://127.0.0.1:1')).rejects.toMatchObject({
    code: 'unreachable',
    message: expect.stringContaining('refused') as string,
  });
  await expect(tryToEnrol(token, 'http://127.0.0.1:1')).rejects.toMatchObject({ code: 'usage' });
  const portal = createServer((socket) => socket.end('HTTP/1.1 302 Found\r\nlocation: http://captive.portal/\r\n\r\n'));
  await new Promise<void>((resolve) => portal.listen(0, '127.0.0.1', resolve));
  const { port } = portal.address() as AddressInfo;
  await expect(tryToEnrol(token, `https://127.0.0.1:${port}`)).rejects.toMatchObject({ code: 'unreachable' });
  portal.close();
});

// The last of those that are refused: of more than ten from one source the hub's log has no line for each.
test('one token of one use and eight machines at once: exactly one is let in', async () => {
  const token = await site.token({ uses: 1 });
  const results = await Promise.allSettled(Array.from({ length: 8 }, () => tryToEnrol(token)));
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  for (const result of results)
    if (result.status === 'rejected') expect((result.reason as QconnError).code).toBe('token_spent');
});

async function pinOfSite(): Promise<Uint8Array> {
  return parseSecret(await site.token(), 'qt').pin ?? new Uint8Array();
}
