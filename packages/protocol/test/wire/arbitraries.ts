import fc from 'fast-check';
import {
  DEADLINE_MAX_MS,
  ERROR_TABLE,
  STAGES,
  type ErrorCode,
  type StageReport,
  type StreamedBody,
} from '@qconn/protocol';

/** Values that programs may really send: what the encoders take. */

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

/** Any well-formed text of at most `maxBytes` of UTF-8. */
export const text = (maxBytes: number): fc.Arbitrary<string> =>
  fc.string({ unit: 'binary', maxLength: maxBytes }).filter((value) => bytesOf(value) <= maxBytes);

const someText = (maxBytes: number): fc.Arbitrary<string> => text(maxBytes).filter((value) => value !== '');

export const serviceType: fc.Arbitrary<string> = fc
  .array(fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,29}$/), { minLength: 1, maxLength: 4 })
  .map((segments) => segments.join('.'));

export const machine: fc.Arbitrary<string> = fc
  .array(fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/), { minLength: 1, maxLength: 4 })
  .map((labels) => labels.join('.'));

export const device: fc.Arbitrary<string> = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:@#+-]{0,127}$/);

export const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined });

export const address = fc.record({ serviceType, machine: optional(machine), device: optional(device) });

export const durationMs: fc.Arbitrary<number> = fc.integer({ min: 1, max: DEADLINE_MAX_MS });

export const id: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: 1, max: 1_000 }),
  fc.maxSafeInteger().map((n) => Math.abs(n) || 1),
);

/** Mostly short bodies, and now and then one of exactly the limit. */
export const body: fc.Arbitrary<Uint8Array> = fc.oneof(
  { weight: 20, arbitrary: fc.uint8Array({ maxLength: 300 }) },
  { weight: 1, arbitrary: fc.integer({ min: 65_530, max: 65_536 }).map((length) => new Uint8Array(length).fill(0xab)) },
);

/** A body in its frame, or the announcement of one that is streamed. */
export const content: fc.Arbitrary<{ body: Uint8Array; streamed: StreamedBody | undefined }> = fc.oneof(
  { weight: 3, arbitrary: body.map((bytes) => ({ body: bytes, streamed: undefined })) },
  {
    weight: 1,
    arbitrary: optional(fc.nat(Number.MAX_SAFE_INTEGER)).map((length) => ({
      body: new Uint8Array(0),
      streamed: { length },
    })),
  },
);

/** Puts the content of a message beside its other fields. */
export function spread<T extends { content: object }>({
  content: fields,
  ...rest
}: T): Omit<T, 'content'> & T['content'] {
  return { ...rest, ...fields };
}

export const headerBlock: fc.Arbitrary<Uint8Array> = fc.oneof(
  { weight: 20, arbitrary: fc.uint8Array({ maxLength: 100 }) },
  { weight: 1, arbitrary: fc.constant(new Uint8Array(8_192).fill(0x61)) },
);

export const idempotencyKey: fc.Arbitrary<string | undefined> = optional(someText(128));

/** Fields of a request or delivery; only some combinations may be sent: see {@link inquiresAfterKey}. */
export const keyAndInquiry = { idempotencyKey, inquiry: fc.boolean() };

/** Whoever inquires names the key of the job. */
export const inquiresAfterKey = (fields: { inquiry: boolean; idempotencyKey: string | undefined }): boolean =>
  !fields.inquiry || fields.idempotencyKey !== undefined;

export const errorCode: fc.Arbitrary<ErrorCode> = fc.constantFrom(...(Object.keys(ERROR_TABLE) as ErrorCode[]));

/** A reason short enough not to be cut. */
export const reason: fc.Arbitrary<string> = fc.string({ unit: 'binary', maxLength: 100 });

export const status = fc.record({
  status: fc.constantFrom('pending' as const, 'authorized' as const, 'revoked' as const),
  hostname: optional(machine),
  roles: fc.array(someText(64), { maxLength: 64 }),
});

export const name: fc.Arbitrary<string> = text(128);

const target = fc.record({ fingerprint: machine, hostname: machine, device });

/** Some of the stages in their order. */
export const stages: fc.Arbitrary<StageReport[]> = fc
  .record({ passed: fc.subarray([...STAGES]), at: fc.double({ noNaN: true, noDefaultInfinity: true }), target })
  .map(({ passed, at, target: chosen }) =>
    passed.map((stage) => (stage === 'resolved' ? { stage, at, target: chosen } : { stage, at })),
  );

export const certificates: fc.Arbitrary<Uint8Array[]> = fc.array(fc.uint8Array({ minLength: 1, maxLength: 600 }), {
  maxLength: 4,
});

export const roots: fc.Arbitrary<Uint8Array[]> = fc.array(fc.uint8Array({ minLength: 1, maxLength: 600 }), {
  minLength: 1,
  maxLength: 4,
});
/** A fingerprint, a hostname, or the beginning of one. */
export const machinePattern: fc.Arbitrary<string> = fc.oneof(
  machine,
  fc.stringMatching(/^[a-z0-9.-]{0,20}$/).map((beginning) => `${beginning}*`),
);

const place = {
  serviceTypes: fc.array(serviceType, { minLength: 1, maxLength: 3 }),
  fingerprint: machine,
  hostname: machine,
};

export const providers = fc.array(fc.record({ device: optional(device), ...place, online: fc.boolean() }), {
  maxLength: 8,
});

export const presenceChanges = fc.array(fc.record({ device, ...place, gone: optional(errorCode) }), { maxLength: 8 });
