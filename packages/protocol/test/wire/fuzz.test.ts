import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeHeaders, FrameReader, isQconnError, parseAddress, type Frame } from '@qconn/protocol';
import { frameWith, samples, SPECIMENS } from './specimens.ts';

/** Runs a decoder; whatever it throws has to be a QconnError that blames the input. */
function onlyRefuses(call: () => unknown): void {
  try {
    call();
  } catch (error) {
    expect(isQconnError(error), String(error)).toBe(true);
    expect(['bad_frame', 'frame_too_large', 'bad_address']).toContain((error as { code: string }).code);
  }
}

const decoders = new Map(samples().map(({ specimen, frame }) => [frame.type, specimen.decode]));

/** Decodes every frame that a lane brings, as an endpoint does. */
function receive(bytes: Uint8Array): void {
  new FrameReader((frame: Frame) => decoders.get(frame.type)?.(frame)).push(bytes);
}

describe('random bytes', () => {
  test.each(SPECIMENS)('as the control section of $name', ({ name, decode }) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (control) => onlyRefuses(() => decode(frameWith(name, control)))),
      { numRuns: 500 },
    );
  });

  test('as a lane', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => onlyRefuses(() => receive(bytes))),
      { numRuns: 2_000 },
    );
  });

  test('as a header block', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (block) => onlyRefuses(() => decodeHeaders(block))),
      { numRuns: 5_000 },
    );
  });

  test('as an address', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => onlyRefuses(() => parseAddress(text))),
      { numRuns: 2_000 },
    );
  });
});

describe('good frames with some bytes changed', () => {
  const change = fc.array(fc.tuple(fc.nat(10_000), fc.nat(255)), { minLength: 1, maxLength: 5 });

  test.each(samples())('$specimen.name', ({ bytes }) => {
    fc.assert(
      fc.property(change, (changes) => {
        const bent = bytes.slice();
        for (const [at, value] of changes) bent[at % bent.length] = value;
        onlyRefuses(() => receive(bent));
      }),
      { numRuns: 1_000 },
    );
  });
});
