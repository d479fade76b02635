import type { FrameType } from '@qconn/protocol';

/** Bytes of one field of a packed control section: good ones, and each way in which it may be wrong. */
export interface Field {
  readonly name: string;
  readonly good: Uint8Array;
  readonly wrong: Readonly<Record<string, Uint8Array>>;
}

const utf8 = new TextEncoder();
const NOT_UTF8 = {
  'a lone continuation byte': [0x80],
  'an overlong slash': [0xc0, 0xaf],
  'a surrogate': [0xed, 0xa0, 0x80],
  'a cut sequence': [0xe2, 0x82],
};

/** What Request and RequestAll have in common. */
const REQUEST: readonly Field[] = [
  text8('service type', 'print', {
    empty: '',
    'upper case': 'Print',
    'a space': 'pri nt',
    'an empty segment': 'a..b',
    '129 bytes': 'a'.repeat(129),
    '255 bytes': 'a'.repeat(255),
  }),
  text8('machine', 'printer-pc', {
    'upper case': 'PC',
    'a leading hyphen': '-pc',
    'an underscore': 'a_b',
    '129 bytes': 'a'.repeat(129),
  }),
  text8('device', 'zebra-1', { 'a slash': 'a/b', 'a control character': 'a\nb', '129 bytes': 'a'.repeat(129) }),
  u32('resolution deadline', 10_000, { zero: 0, 'over a day': 86_400_001, 'all ones': 0xffff_ffff }),
  u32('job deadline', 30_000, { zero: 0, 'over a day': 86_400_001, 'all ones': 0xffff_ffff }),
  text8('idempotency key', 'key', { '129 bytes': 'k'.repeat(129) }),
  text8('stickiness key', '', { '129 bytes': 'k'.repeat(129) }),
  bytes16('headers', 10, 8_193),
];

/** The packed control sections, field by field, in the order of the wire. Stages is a list: see its own test. */
export const LAYOUTS: Readonly<Partial<Record<keyof typeof FrameType, readonly Field[]>>> = {
  Request: REQUEST,
  RequestAll: [...REQUEST, u16('limit', 256, { zero: 0, 'over the limit': 257, 'all ones': 0xffff })],
  Targets: [u16('count', 1, { zero: 0, 'over the limit': 257, 'all ones': 0xffff })],
  Deliver: [
    text8('fingerprint', 'qc1abc', { empty: '', '129 bytes': 'a'.repeat(129) }),
    text8('hostname', 'lims', { '129 bytes': 'a'.repeat(129) }),
    text8('service type', 'print', { empty: '', 'upper case': 'Print', '129 bytes': 'a'.repeat(129) }),
    text8('device', 'zebra-1', { empty: '', 'a slash': 'a/b', '129 bytes': 'a'.repeat(129) }),
    u32('job deadline', 30_000, { zero: 0, 'over a day': 86_400_001 }),
    text8('idempotency key', '', { '129 bytes': 'k'.repeat(129) }),
    bytes16('headers', 0, 8_193),
  ],
  Response: [bytes16('headers', 20, 8_193)],
  Extend: [u32('duration', 1, { zero: 0, 'over a day': 86_400_001, 'all ones': 0xffff_ffff })],
  Outcome: [
    { name: 'code', good: Uint8Array.of(0, 1), wrong: {} },
    u32('retry after', 0, {}),
    {
      ...text16('reason', 'No such machine.'),
      wrong: {
        '1,025 bytes': text16('', 'r'.repeat(1_025)).good,
        '65,535 announced': Uint8Array.of(0xff, 0xff, 0x61),
        ...notUtf8(2),
      },
    },
  ],
  Cancel: [{ name: 'code', good: Uint8Array.of(0, 8), wrong: {} }],
};

/** Puts a layout's fields together, with one of them replaced. */
export function assemble(fields: readonly Field[], replaced?: Field, bytes?: Uint8Array): Uint8Array {
  return Buffer.concat(fields.map((field) => (field === replaced && bytes !== undefined ? bytes : field.good)));
}

function text8(name: string, good: string, wrong: Readonly<Record<string, string>>): Field {
  const malformed = Object.entries(wrong).map(([why, text]) => [why, prefixed(1, utf8.encode(text))] as const);
  return { name, good: prefixed(1, utf8.encode(good)), wrong: { ...Object.fromEntries(malformed), ...notUtf8(1) } };
}

function text16(name: string, good: string): Field {
  return { name, good: prefixed(2, utf8.encode(good)), wrong: {} };
}

function u16(name: string, good: number, wrong: Readonly<Record<string, number>>): Field {
  const bytes = (value: number): Uint8Array => Uint8Array.of(value >>> 8, value);
  const numbers = Object.entries(wrong).map(([why, number]) => [why, bytes(number)] as const);
  return { name, good: bytes(good), wrong: Object.fromEntries(numbers) };
}

function u32(name: string, good: number, wrong: Readonly<Record<string, number>>): Field {
  const numbers = Object.entries(wrong).map(([why, number]) => [why, number32(number)] as const);
  return { name, good: number32(good), wrong: Object.fromEntries(numbers) };
}

function bytes16(name: string, good: number, over: number): Field {
  return {
    name,
    good: prefixed(2, new Uint8Array(good)),
    wrong: { [`${over} bytes`]: prefixed(2, new Uint8Array(over)), '65,535 announced': Uint8Array.of(0xff, 0xff) },
  };
}

function notUtf8(lengthBytes: 1 | 2): Record<string, Uint8Array> {
  return Object.fromEntries(
    Object.entries(NOT_UTF8).map(([why, bytes]) => [why, prefixed(lengthBytes, Uint8Array.from([0x61, ...bytes]))]),
  );
}

function number32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

function prefixed(lengthBytes: 1 | 2, bytes: Uint8Array): Uint8Array {
  const length = lengthBytes === 1 ? [bytes.length] : [bytes.length >>> 8, bytes.length];
  return Uint8Array.from([...length, ...bytes]);
}
