import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeRequest, encodeStages, FrameType, PackedWriter, stageSetOf, type Request } from '@qconn/protocol';
import * as any from './arbitraries.ts';
import { expectRefusal } from './refusal.ts';
import { SPECIMENS } from './specimens.ts';

const frame = fc.constantFrom(...SPECIMENS).chain((one) => fc.tuple(fc.constant(one), any.id, one.message));

test('a finished frame is never written again, over many frames and slabs', () => {
  fc.assert(
    fc.property(
      fc.array(frame, { minLength: 1, maxLength: 20 }),
      fc.uint8Array({ minLength: 1 }),
      (messages, filler) => {
        const writer = new PackedWriter();
        const kept: { frame: Uint8Array; copy: Uint8Array }[] = [];
        const keep = (finished: Uint8Array): number => kept.push({ frame: finished, copy: finished.slice() });
        // Three rounds with 64 KiB between them cross several slabs of 256 KiB.
        for (let round = 0; round < 3; round++) {
          for (const [one, id, message] of messages) keep(one.encode(writer, id, message));
          for (let big = 0; big < 3; big++)
            keep(writer.begin().finish(FrameType.Progress, 1, new Uint8Array(65_536).fill(filler[0] as number)));
        }
        for (const { frame: finished, copy } of kept) expect(Buffer.compare(finished, copy)).toBe(0);
      },
    ),
    { numRuns: 30 },
  );
});

test('a writer that reuses its memory writes the same frames, each over the one before', () => {
  fc.assert(
    fc.property(fc.array(frame, { minLength: 1, maxLength: 20 }), (messages) => {
      const lasting = new PackedWriter();
      const reusing = new PackedWriter({ reuses: true });
      for (const [one, id, message] of messages) {
        const finished = one.encode(reusing, id, message);
        expect(Buffer.compare(finished, one.encode(lasting, id, message))).toBe(0);
        expect(finished.byteOffset).toBe(0);
      }
    }),
    { numRuns: 100 },
  );
});

test('frames do not overlap', () => {
  const writer = new PackedWriter();
  const finished = Array.from({ length: 5_000 }, (_, n) =>
    writer
      .begin()
      .u32(n)
      .finish(FrameType.Extend, n + 1),
  );
  const ranges = finished.map((bytes) => ({
    buffer: bytes.buffer,
    from: bytes.byteOffset,
    to: bytes.byteOffset + bytes.length,
  }));
  for (const [n, range] of ranges.entries()) {
    const next = ranges[n + 1];
    if (next?.buffer === range.buffer) expect(next.from).toBeGreaterThanOrEqual(range.to);
  }
  expect(new Set(ranges.map(({ buffer }) => buffer)).size).toBe(1);
});

test('a frame that was begun and given up leaves no trace', () => {
  const writer = new PackedWriter();
  const request: Request = {
    address: { serviceType: 'print' },
    resolutionMs: 1,
    jobMs: 1,
    idempotencyKey: undefined,
    stickyKey: undefined,
    waitForTarget: false,
    inquiry: false,
    headers: new Uint8Array(0),
    body: new Uint8Array(0),
  };
  const before = encodeRequest(writer, 1, request).slice();
  expectRefusal('too_large', () => encodeRequest(writer, 2, { ...request, headers: new Uint8Array(8_193) }));
  expectRefusal('too_large', () => encodeRequest(writer, 3, { ...request, body: new Uint8Array(65_537) }));
  expectRefusal('too_large', () => encodeRequest(writer, 4, { ...request, idempotencyKey: 'k'.repeat(129) }));
  expect(encodeRequest(writer, 1, request)).toEqual(before);
});

test('a mistake of the caller is refused by the writer, before it costs the connection', () => {
  const writer = new PackedWriter();
  const request: Request = {
    address: { serviceType: 'print' },
    resolutionMs: 1,
    jobMs: 1,
    idempotencyKey: undefined,
    stickyKey: undefined,
    waitForTarget: false,
    inquiry: false,
    headers: new Uint8Array(0),
    body: new Uint8Array(0),
  };
  for (const ms of [0, -1, 86_400_001, Number.NaN, Number.POSITIVE_INFINITY]) {
    expectRefusal('invalid_request', () => encodeRequest(writer, 1, { ...request, resolutionMs: ms }));
    expectRefusal('invalid_request', () => encodeRequest(writer, 1, { ...request, jobMs: ms }));
  }
  expectRefusal('invalid_request', () => encodeRequest(writer, 1, { ...request, idempotencyKey: '' }));
  expectRefusal('bad_address', () => encodeRequest(writer, 1, { ...request, address: { serviceType: 'Print' } }));
  expectRefusal('bad_address', () =>
    encodeRequest(writer, 1, { ...request, address: { serviceType: 'print', device: '' } }),
  );
  const target = { fingerprint: 'a'.repeat(129), hostname: '', device: '' };
  expectRefusal('too_large', () => encodeStages(writer, 1, stageSetOf([{ stage: 'resolved', at: 0, target }])));
});
