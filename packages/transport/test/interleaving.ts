import { createHash } from 'node:crypto';
import { encodeProgress, PackedWriter } from '@qconn/protocol';
import { Lanes, openBodyStream, type Connection, type Stream } from '@qconn/transport';
import fc from 'fast-check';
import { readAll, turn } from './waiting.ts';

/** A frame of a side on the lane of its id, a piece of a body on a stream of its own, or a turn of the event loop. */
type Step =
  | { readonly kind: 'frame'; readonly side: 'ours' | 'theirs'; readonly id: number; readonly bytes: number }
  | { readonly kind: 'piece'; readonly body: number; readonly bytes: number }
  | { readonly kind: 'turn' };

const LANES = 3;
const BODIES = 3;

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('frame' as const),
      side: fc.constantFrom('ours' as const, 'theirs' as const),
      id: fc.integer({ min: 1, max: 7 }),
      bytes: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 60_000 })),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('piece' as const),
      body: fc.nat({ max: BODIES - 1 }),
      bytes: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 100_000 })),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('turn' as const) }) },
);

/** Any number of any such things, in any order. */
export const interleaving: fc.Arbitrary<readonly Step[]> = fc.array(step, { minLength: 1, maxLength: 60 });

/** What was written, or what came, by where it travelled; equal when everything arrived whole and in order. */
export type Ledger = Readonly<Record<string, string>>;

/** Plays the steps over a connection. @returns what was written and what came */
export async function play(
  steps: readonly Step[],
  ours: Connection,
  theirs: Connection,
): Promise<{ written: Ledger; came: Ledger }> {
  const [written, came] = [new Account(), new Account()];
  const bodies = new Map<number, Stream>();
  const sealed = Promise.withResolvers<void>();
  const ready = Promise.withResolvers<void>();
  const far = Lanes.accept(theirs, {
    frame: ({ id, body }) => came.add(`ours ${id}`, body),
    opened: () => {
      if (far.count < LANES) return;
      far.seal();
      sealed.resolve();
    },
    body: ({ id }, stream) => {
      bodies.set(id - 1, stream);
      if (bodies.size === BODIES) ready.resolve();
    },
    failed: ready.reject,
  });
  const near = Lanes.open(ours, LANES, {
    frame: ({ id, body }) => came.add(`theirs ${id}`, body),
    failed: ready.reject,
  });
  await Promise.race([sealed.promise, ready.promise]);
  const whole = Array.from({ length: BODIES }, (_, body) =>
    readAll(openBodyStream(ours, { kind: 'response', id: body + 1 })).then(({ bytes }) =>
      came.add(`body ${body}`, bytes),
    ),
  );
  await ready.promise;
  for (const [index, each] of steps.entries()) {
    if (each.kind === 'turn') await turn();
    else {
      const bytes = new Uint8Array(each.bytes).fill(index + 1);
      if (each.kind === 'frame') {
        written.add(`${each.side} ${each.id}`, bytes);
        const frame = encodeProgress(new PackedWriter(), each.id, { body: bytes, json: false });
        (each.side === 'ours' ? near : far).send(each.id, frame);
      } else {
        written.add(`body ${each.body}`, bytes);
        bodies.get(each.body)?.write(bytes);
      }
    }
  }
  for (const [body, stream] of bodies) {
    written.add(`body ${body}`, new Uint8Array(0));
    stream.end();
  }
  await Promise.all(whole);
  while (came.entries < written.entries) await turn();
  return { written: written.close(), came: came.close() };
}

/** Adds up bytes by where they travel. */
class Account {
  readonly #hashes = new Map<string, ReturnType<typeof createHash>>();
  readonly #frames = new Map<string, number>();

  /** Frames, and bodies that have ended. */
  get entries(): number {
    return [...this.#frames.values()].reduce((sum, count) => sum + count, 0);
  }

  add(where: string, bytes: Uint8Array): void {
    const hash = this.#hashes.get(where) ?? createHash('sha256');
    this.#hashes.set(where, hash.update(bytes));
    const isBody = where.startsWith('body');
    this.#frames.set(where, isBody ? 1 : (this.#frames.get(where) ?? 0) + 1);
    // Where one frame ends and the next begins counts as well.
    if (!isBody) hash.update(`/${bytes.length}`);
  }

  close(): Ledger {
    return Object.fromEntries([...this.#hashes].map(([where, hash]) => [where, hash.digest('hex')]));
  }
}
