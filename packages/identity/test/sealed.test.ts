import * as fc from 'fast-check';
import { CertificateAuthority, isSealed, seal, sealAuthority, unseal, unsealAuthority } from '@qconn/identity';
import { expect, test, vi } from 'vitest';

vi.unmock('../src/seal-cost.ts');

const CHEAP = { logN: 4, r: 8, p: 1 };

test('what is sealed is opened by its passphrase, and by no other', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string(), fc.string({ minLength: 1 }), fc.string(), async (text, passphrase, other) => {
      const sealed = await seal(text, passphrase, { cost: CHEAP });
      expect(isSealed(sealed)).toBe(true);
      expect(await unseal(sealed, passphrase)).toBe(text);
      if (other.normalize('NFC') !== passphrase.normalize('NFC'))
        await expect(unseal(sealed, other)).rejects.toMatchObject({ code: 'passphrase_wrong' });
    }),
    { numRuns: 50 },
  );
});

test('who names no cost gets one of 64 MiB', async () => {
  const { kdf } = JSON.parse(await seal('text', 'x'));
  expect(kdf).toEqual({ logN: 16, r: 8, p: 2 });
  expect(128 * 2 ** kdf.logN * kdf.r).toBe(64 * 1024 * 1024);
});

test('the same text sealed twice shows no likeness', async () => {
  const [first, second] = await Promise.all([seal('text', 'x', { cost: CHEAP }), seal('text', 'x', { cost: CHEAP })]);
  expect(JSON.parse(first ?? '').data).not.toBe(JSON.parse(second ?? '').data);
});

test('any change to a sealed text is noticed', async () => {
  const sealed = await seal('{"secret":"hunter2"}', 'x', { cost: CHEAP });
  const value = JSON.parse(sealed);
  const flipped = (base64: string): string => {
    const bytes = Buffer.from(base64, 'base64');
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    return bytes.toString('base64');
  };
  const cases: Record<string, string> = {
    'another nonce': JSON.stringify({ ...value, nonce: flipped(value.nonce) }),
    'another salt': JSON.stringify({ ...value, salt: flipped(value.salt) }),
    'another text': JSON.stringify({ ...value, data: flipped(value.data) }),
    'another cost': JSON.stringify({ ...value, kdf: { ...value.kdf, logN: 5 } }),
    'a cut tag': JSON.stringify({ ...value, data: value.data.slice(0, 8) }),
    'a cut text': sealed.slice(0, -20),
    'a cost of terabytes': JSON.stringify({ ...value, kdf: { logN: 40, r: 8, p: 1 } }),
    'a cost that is negative': JSON.stringify({ ...value, kdf: { logN: -1, r: 8, p: 1 } }),
    'no cost': JSON.stringify({ ...value, kdf: undefined }),
    'a short nonce': JSON.stringify({ ...value, nonce: 'AAAA' }),
  };
  for (const [what, text] of Object.entries(cases)) {
    const error: unknown = await unseal(text, 'x').catch((thrown: unknown) => thrown);
    expect(error, what).toMatchObject({ code: expect.stringMatching(/^(passphrase_wrong|credential_damaged)$/) });
    expect(String(error), what).not.toContain('hunter2');
  }
});

test('a CA’s keys are sealed one by one, its certificates stay readable', async () => {
  const pem = (await CertificateAuthority.create({ now: Date.now() })).toPem();
  const sealed = await sealAuthority(pem, 'open sesame', CHEAP);
  expect(sealed).toMatchObject({ rootPem: pem.rootPem, issuingPem: pem.issuingPem });
  expect(JSON.stringify(sealed)).not.toContain('PRIVATE KEY');
  expect(await unsealAuthority(sealed, 'open sesame')).toEqual(pem);
  expect(await unsealAuthority(pem, undefined)).toEqual(pem);
  const { rootKeyPem: _away, ...online } = sealed;
  expect(CertificateAuthority.load(await unsealAuthority(online, 'open sesame')).holdsRootKey).toBe(false);
  for (const wrong of [undefined, '', 'sesame'])
    await expect(unsealAuthority(sealed, wrong)).rejects.toMatchObject({ code: 'passphrase_wrong' });
});
