import { expect, test } from 'vitest';

import { requestedHostname, tokenHostname } from '../src/tokens/hostname.ts';

test.each([
  [null, 'Kiosk-7', 'kiosk-7'],
  [null, undefined, null],
  ['door', 'kiosk-7', 'door'],
  ['kiosk-*', 'Kiosk-7', 'kiosk-7'],
  ['kiosk-*', 'kiosk-', null],
  ['kiosk-*', 'laptop', null],
  ['kiosk-*', undefined, null],
  ['*.oslo', 'a.oslo', 'a.oslo'],
  ['a*a', 'a', null],
])('a token for %j and a machine that calls itself %j ask for %j', (token, own, expected) => {
  expect(requestedHostname(token, own)).toBe(expected);
});

test.each(['*', 'Kiosk-*', 'a*b', 'plain.example'])('a token may be for %j', (text) => {
  expect(tokenHostname(text)).toBe(text.toLowerCase());
});

test.each(['', '**', 'a_*', '-*', 'a b', '.*'])('a token may not be for %j', (text) => {
  expect(() => tokenHostname(text)).toThrow(expect.objectContaining({ code: 'hostname_invalid' }));
});
