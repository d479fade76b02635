import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkAddress, formatAddress, isDeviceName, isHostname, isServiceType, parseAddress } from '@qconn/protocol';
import * as any from './wire/arbitraries.ts';
import { expectRefusal } from './wire/refusal.ts';

const LONGEST = 'a'.repeat(128);
const NEVER = ['', ' ', 'a b', 'a\n', 'a\u0000', '../a', 'a/b', 'é', 'a'.repeat(129), 'a'.repeat(100_000)];

describe.each([
  [
    'service type',
    isServiceType,
    ['print', 'scale.read', 'a', '0', 'a_b-c.d9', LONGEST],
    ['Print', '.a', 'a.', 'a..b', '-a', '_a', 'a:b', 'print*', 'a@b'],
  ],
  [
    'hostname',
    isHostname,
    ['pc', 'printer-pc', 'a.b.example', '9', 'xn--bcher-kva', 'qc1qqqsyrhqy2a', LONGEST],
    ['PC', '-pc', 'pc-', 'a..b', '.a', 'a.', 'a_b', 'a.-b', 'a-.b'],
  ],
  [
    'device name',
    isDeviceName,
    ['zebra-1', 'Zebra', 'COM3:', '1', 'tray#2', 'a+b', 'a@b', 'a.b_c', LONGEST],
    ['-a', '.hidden', '_a', '#1', 'a*', 'a\\b', 'a"b', 'a<b'],
  ],
] as const)('a %s', (_name, is, good, bad) => {
  test.each(good)('may be %j', (value) => expect(is(value)).toBe(true));
  test.each([...bad, ...NEVER].map((value) => [value.slice(0, 140), value]))('may not be %j', (_shown, value) =>
    expect(is(value)).toBe(false),
  );
});

test('no input makes a check slow: a thousand tries of the worst kind take under a second of the processor', () => {
  const worst = [`${'a.'.repeat(64)}!`, `${'a-'.repeat(64)}!`, `${'a'.repeat(127)}!`];
  const start = process.cpuUsage();
  for (let i = 0; i < 1_000; i++)
    for (const text of worst) expect(isServiceType(text) || isHostname(text) || isDeviceName(text)).toBe(false);
  expect(process.cpuUsage(start).user).toBeLessThan(1_000_000);
});

describe('as text', () => {
  test.each([
    ['print', { serviceType: 'print' }],
    ['print@printer-pc', { serviceType: 'print', machine: 'printer-pc' }],
    ['print@printer-pc/zebra-1', { serviceType: 'print', machine: 'printer-pc', device: 'zebra-1' }],
    ['print/zebra-1', { serviceType: 'print', device: 'zebra-1' }],
    ['print/a@b', { serviceType: 'print', device: 'a@b' }],
    ['print@pc/a@b', { serviceType: 'print', machine: 'pc', device: 'a@b' }],
  ])('%s', (text, address) => {
    expect(parseAddress(text)).toEqual(address);
    expect(formatAddress(address)).toBe(text);
  });

  test.each([
    '',
    '@',
    '/',
    'print@',
    'print/',
    'print@pc/',
    'print@/zebra',
    '@pc',
    'print@pc/a/b',
    'print@@pc',
    'Print@pc',
    'print@PC',
    'print@pc/ze bra',
  ])('%j is refused', (text) => {
    expectRefusal('bad_address', () => parseAddress(text));
  });

  test('every well-formed address is read as it was written', () => {
    fc.assert(
      fc.property(any.address, (address) => {
        expect(parseAddress(formatAddress(address))).toEqual(address);
      }),
      { numRuns: 2_000 },
    );
  });
});

test('a refusal names the part and shows what it was, shortened and quoted', () => {
  expect(() => checkAddress({ serviceType: 'print', device: 'bad\nname' })).toThrow(
    'The device "bad\\nname" in the address is malformed.',
  );
  expect(() => checkAddress({ serviceType: 'X'.repeat(500) })).toThrow(
    /^The service type "X{40}…" in the address is malformed\.$/,
  );
});
