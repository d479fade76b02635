import { X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { sniOf, verifyServerName } from '../src/quic/server-name.ts';
import { createAuthority } from './pki.ts';

const authority = await createAuthority();

async function leafOf(names: { dns?: readonly string[]; ips?: readonly string[] }): Promise<Uint8Array> {
  const { chainPem } = await authority.issue({ name: 'common.example', ...names });
  return new X509Certificate(chainPem[0] ?? '').raw;
}

const leaf = await leafOf({
  dns: ['hub.example', '*.site.example', 'w*.part.example', '*.*.two.example', '10.0.0.9'],
  ips: ['192.0.2.7', '2001:db8::7'],
});

test.each([
  'hub.example',
  'HUB.Example',
  'hub.example.',
  'oslo.site.example',
  '192.0.2.7',
  '2001:db8::7',
  '2001:DB8:0:0:0:0:0:7',
])('%s is a name of the certificate', (name) => {
  expect(() => verifyServerName(leaf, name)).not.toThrow();
});

test.each([
  ['a name that the certificate does not have', 'other.example'],
  ['one below a name of it', 'a.hub.example'],
  ['one that begins with a name of it', 'hub.example.evil.example'],
  ['the common name', 'common.example'],
  ['two labels for a wildcard', 'a.oslo.site.example'],
  ['no label for a wildcard', 'site.example'],
  ['what half a wildcard would stand for', 'west.part.example'],
  ['what two wildcards would stand for', 'a.b.two.example'],
  ['another address', '192.0.2.8'],
  ['another address of IPv6', '2001:db8::8'],
  ['an address that is there as a name', '10.0.0.9'],
  ['an address in the form of the other family', '::ffff:192.0.2.7'],
])('%s is none: %s', (_what, name) => {
  expect(() => verifyServerName(leaf, name)).toThrow(
    expect.objectContaining({ code: 'hub_untrusted', message: expect.stringContaining('DNS:hub.example') }),
  );
});

test('a certificate without names is for nobody, whatever its common name says, and no certificate is none', async () => {
  const nameless = await leafOf({});
  expect(() => verifyServerName(nameless, 'common.example')).toThrow(/but for no name at all/);
  expect(() => verifyServerName(undefined, 'hub.example')).toThrow(/presented no certificate/);
});

test('names are sent as SNI without a last dot, addresses are not', () => {
  expect(['hub.example', 'hub.example.', '192.0.2.7', '2001:db8::7'].map(sniOf)).toEqual([
    'hub.example',
    'hub.example',
    null,
    null,
  ]);
});
