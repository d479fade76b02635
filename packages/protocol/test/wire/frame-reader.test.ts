import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FrameReader, FrameType, PackedWriter, writeFrameHeader, type Frame, type FrameMemory } from '@qconn/protocol';
import * as any from './arbitraries.ts';
import { expectRefusal } from './refusal.ts';
import { samples, SPECIMENS } from './specimens.ts';

/** The bytes of some frames, of any types. */
const frames = fc.array(
  fc
    .constantFrom(...SPECIMENS)
    .chain((one) => fc.tuple(any.id, one.message).map(([id, message]) => one.encode(new PackedWriter(), id, message))),
  { minLength: 1, maxLength: 6 },
);

/** A header that announces a Progress body. */
function announce(bodyBytes: number): Uint8Array {
  const bytes = new Uint8Array(16);
  writeFrameHeader(bytes, 0, { type: FrameType.Progress, flags: 0, id: 1, controlBytes: 0, bodyBytes });
  return bytes;
}

function plain(frame: Frame): unknown {
  return {
    ...frame,
    control: Buffer.from(frame.control).toString('hex'),
    body: Buffer.from(frame.body).toString('hex'),
  };
}

/** Memory that is used again at once, and written over as soon as it is given back. */
class ScarceMemory implements FrameMemory {
  readonly #free: Uint8Array[] = [];
  given = 0;
  taken = 0;

  take(bytes: number): Uint8Array {
    this.taken += 1;
    const fits = this.#free.findIndex(({ length }) => length >= bytes);
    const [memory = new Uint8Array(2 ** Math.ceil(Math.log2(bytes)))] = fits < 0 ? [] : this.#free.splice(fits, 1);
    return memory;
  }

  give(memory: Uint8Array): void {
    this.given += 1;
    this.#free.push(memory.fill(0xee));
  }
}

const sizes = fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 40 });

/** Bytes cut into pieces of these sizes, over and over. */
function* pieces(bytes: Uint8Array, cut: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = cut[turn % cut.length] as number;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

/** The frames of bytes that come at once. */
function wholeFrames(bytes: Uint8Array): unknown[] {
  const whole: unknown[] = [];
  new FrameReader((frame) => whole.push(plain(frame))).push(bytes);
  return whole;
}

test('frames that are lent are the same, whatever becomes of their memory afterwards, and all of it is given back', () => {
  fc.assert(
    fc.property(frames, sizes, (sent, cut) => {
      const bytes = Buffer.concat(sent);
      const lent: unknown[] = [];
      const memory = new ScarceMemory();
      const reader = new FrameReader((frame) => lent.push(plain(frame)), memory);
      for (const piece of pieces(bytes, cut)) {
        const chunk = new Uint8Array(piece);
        reader.push(chunk);
        chunk.fill(0xee);
      }
      expect(lent).toEqual(wholeFrames(bytes));
      expect(memory.given).toBe(memory.taken);
    }),
  );
});

test('any cutting of any sequence of frames gives the same frames', () => {
  fc.assert(
    fc.property(frames, sizes, (sent, cut) => {
      const bytes = Buffer.concat(sent);
      const whole = wholeFrames(bytes);
      const found: unknown[] = [];
      const reader = new FrameReader((frame) => found.push(plain(frame)));
      for (const piece of pieces(bytes, cut)) reader.push(piece);
      expect(found).toEqual(whole);
      expect(whole).toHaveLength(sent.length);
      expect(reader.atBoundary).toBe(true);
      expect(reader.heldBytes).toBe(0);
    }),
    { numRuns: 150 },
  );
});

test('byte by byte, a frame comes when its last byte comes', () => {
  for (const { bytes, specimen } of samples()) {
    let count = 0;
    const reader = new FrameReader(() => count++);
    for (let at = 0; at < bytes.length; at++) {
      expect(count, `${specimen.name} at byte ${at}`).toBe(0);
      reader.push(bytes.subarray(at, at + 1));
    }
    expect(count).toBe(1);
  }
});

test('a frame that arrives whole is a view of its chunk', () => {
  const bytes = new PackedWriter().begin().finish(FrameType.Progress, 1, new Uint8Array(100));
  new FrameReader((frame) => expect(frame.body.buffer).toBe(bytes.buffer)).push(bytes);
});

test('a lane that ends inside a frame was cut short', () => {
  const reader = new FrameReader(() => expect.unreachable());
  expect(reader.atBoundary).toBe(true);
  reader.push(announce(10).subarray(0, 7));
  expect(reader.atBoundary).toBe(false);
  reader.push(announce(10).subarray(7));
  reader.push(new Uint8Array(9));
  expect(reader.atBoundary).toBe(false);
});

describe('memory', () => {
  test('is not taken for a frame whose header is refused', () => {
    for (const bodyBytes of [65_537, 0x7fff_ffff, 0xffff_ffff]) {
      const reader = new FrameReader(() => expect.unreachable());
      expectRefusal('frame_too_large', () => reader.push(announce(bodyBytes)));
      expect(reader.heldBytes).toBe(0);
    }
  });

  test.each([
    ['its own', undefined],
    ['lent', new ScarceMemory()],
  ])('is taken as bytes arrive, not as they are announced: %s', (_, lender) => {
    const reader = new FrameReader(() => expect.unreachable(), lender);
    reader.push(announce(65_536));
    expect(reader.heldBytes).toBe(0);
    let sent = 0;
    for (const size of [1, 100, 1_350, 1_350, 1_350, 20_000, 20_000]) {
      reader.push(new Uint8Array(size));
      sent += size;
      expect(reader.heldBytes).toBeGreaterThanOrEqual(sent);
      expect(reader.heldBytes).toBeLessThanOrEqual(Math.max(2 * sent, 2_048));
    }
  });

  test('of a frame in pieces is made by whoever counts it', () => {
    const frame = new PackedWriter().begin().finish(FrameType.Progress, 1, new Uint8Array(16_384).fill(7));
    const made: number[] = [];
    const taken: Frame[] = [];
    const fresh = (bytes: number): Uint8Array => {
      made.push(bytes);
      return new Uint8Array(bytes).fill(0xee);
    };
    const reader = new FrameReader((one) => taken.push(one), undefined, fresh);
    reader.push(frame);
    expect(made).toEqual([]);
    reader.push(frame.subarray(0, 16_000));
    reader.push(frame.subarray(16_000));
    expect(made).toEqual([frame.length - 16]);
    expect(taken.map(plain)).toEqual([plain(taken[0]!), plain(taken[0]!)]);
  });
});

describe('after a broken frame', () => {
  test('nothing is read any more', () => {
    const good = new PackedWriter().begin().finish(FrameType.Ack, 1);
    const reader = new FrameReader(() => expect.unreachable());
    expectRefusal('bad_frame', () => reader.push(new Uint8Array(16)));
    expectRefusal('bad_frame', () => reader.push(good));
    expect(reader.atBoundary).toBe(false);
  });

  test('or a frame whose taker throws, the frames behind it are not taken', () => {
    const good = new PackedWriter().begin().finish(FrameType.Ack, 1);
    let taken = 0;
    const reader = new FrameReader(() => {
      taken++;
      throw new Error('the taker fails');
    });
    expect(() => reader.push(Buffer.concat([good, good]))).toThrow('the taker fails');
    expectRefusal('bad_frame', () => reader.push(good));
    expect(taken).toBe(1);
  });
});
