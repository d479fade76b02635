import { generateKeyPairSync } from 'node:crypto';
import { containsSecret, withoutSecrets } from '@qconn/startup';
import { expect, test } from 'vitest';

test.each([
  ['an enrolment token', 'token qt1qqqsyqcyq5rqwzqf expired', 'token qt1[hidden] expired'],
  ['a bootstrap secret', 'qb1qqqsyqcyq5rqwzqf', 'qb1[hidden]'],
  ['an API key', 'Bearer qk_qqqsyqcyq5rqwzqf', 'Bearer qk_[hidden]'],
  ['one in capitals, as QR codes have it', 'QT1QQQSYQCYQ5RQWZQF', 'QT1[hidden]'],
  ['two in one text', 'qt1qqqsyqcy qt1zzzsyqcy', 'qt1[hidden] qt1[hidden]'],
  ['a password in a URL', 'postgres://qconn:horse@db/qconn', 'postgres://qconn:[hidden]@db/qconn'],
  ['one without a user', 'redis://:horse@db', 'redis://:[hidden]@db'],
  ['one with an @ in it', 'postgres://qconn:ho@rse@db/x', 'postgres://qconn:[hidden]@db/x'],
  ['one with a / in it', 'postgres://qconn:ho/rse@db/x', 'postgres://qconn:[hidden]@db/x'],
])('hides %s', (_what, text, expected) => {
  expect(withoutSecrets(text)).toBe(expected);
  expect(containsSecret(text)).toBe(true);
});

test('hides a private key, whole or cut off, also inside JSON', () => {
  const { privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const body = privateKey.split('\n')[1] as string;
  for (const text of [privateKey, JSON.stringify({ privateKey }), privateKey.slice(0, 100)]) {
    expect(withoutSecrets(`read ${text}`)).not.toContain(body.slice(0, 16));
  }
  for (const pem of [privateKey, privateKey.slice(0, 100)]) {
    expect(JSON.parse(withoutSecrets(JSON.stringify({ pem, more: 1 })))).toMatchObject({ more: 1 });
  }
});

test.each([
  'qc1qqqsyqcyq5rqwzqfpg9scrgwpugpzysn',
  'https://hub.example:8443/v1/machines',
  'https://hub.example:8443/v1/people/ann@example.org',
  'hub.example:4433',
  'mailto:ann@example.org',
  'queue qt_a',
  '-----BEGIN CERTIFICATE-----',
])('leaves %s alone', (text) => {
  expect(withoutSecrets(text)).toBe(text);
  expect(containsSecret(text)).toBe(false);
});

test.each(['a://b:', 'a://b:c@', 'aaaa.', 'qt1', '-----BEGIN PRIVATE KEY-----', '"-----BEGIN '])(
  'takes time in proportion to a text of many %s',
  (piece) => {
    const milliseconds = (count: number): number => {
      const start = process.cpuUsage();
      withoutSecrets(piece.repeat(count));
      return process.cpuUsage(start).user / 1_000;
    };
    milliseconds(1_000);
    // Of the processor. A hundred kilobytes take some tens of them; in quadratic time they would take seconds.
    expect(Math.min(milliseconds(20_000), milliseconds(20_000))).toBeLessThan(1_500);
  },
);
