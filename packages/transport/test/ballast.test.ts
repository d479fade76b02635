import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { Ballast } from '../src/quic/ballast.ts';
import { FullCollections } from '../src/quic/full-collections.ts';

const MIB = 1024 * 1024;

describe('ballast', () => {
  it('is none while V8 collects seldom, or not at all', () => {
    const v8 = new ScriptedCollections();
    const ballast = new Ballast(v8);
    ballast.given(1_000 * MIB);
    v8.collect();
    ballast.given(31 * MIB);
    expect(ballast.bytes).toBe(0);
    ballast.given(MIB);
    v8.collect();
    ballast.given(MIB);
    expect(ballast.bytes).toBe(0);
  });

  it('is taken on after a full collection that came soon after another, thrown off by the megabyte, and not taken on again of itself', () => {
    const v8 = new ScriptedCollections();
    const ballast = new Ballast(v8);
    ballast.given(9.5 * MIB);
    v8.collect();
    ballast.given(MIB);
    const all = ballast.bytes;
    expect(all).toBeGreaterThanOrEqual(32 * MIB);
    ballast.given(0.25 * MIB);
    expect(ballast.bytes).toBe(all);
    ballast.given(0.25 * MIB);
    expect(ballast.bytes).toBe(all - MIB);
    ballast.given(all - MIB);
    expect(ballast.bytes).toBe(0);
    ballast.given(100 * MIB);
    expect(ballast.bytes).toBe(0);
  });

  it('counts for V8 for as long as it is there', () => {
    const v8 = new ScriptedCollections();
    const ballast = new Ballast(v8);
    ballast.given(MIB);
    v8.collect();
    const before = process.memoryUsage().external;
    ballast.given(MIB);
    const { bytes } = ballast;
    expect(process.memoryUsage().external - before).toBeGreaterThan(0.9 * bytes);
    ballast.given(bytes);
    expect(process.memoryUsage().external - before).toBeLessThan(0.1 * bytes);
  });
});

describe('full collections', () => {
  it('are told from young ones', async () => {
    const collect = collector();
    const collections = new FullCollections();
    await aTurn();
    collect({ type: 'minor' });
    collect({ type: 'minor' });
    expect(collections.happened()).toBe(false);
    await aTurn();
    collect({ type: 'major' });
    expect(collections.happened()).toBe(true);
    expect(collections.happened()).toBe(false);
  });
});

/** V8, whose full collections happen when the test says so. */
class ScriptedCollections {
  #happened = false;

  collect(): void {
    this.#happened = true;
  }

  happened(): boolean {
    const happened = this.#happened;
    this.#happened = false;
    return happened;
  }
}

/** V8's collector, which a program sees only when it asks for it. */
function collector(): (how: { readonly type: 'minor' | 'major' }) => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as ReturnType<typeof collector>;
}

/** What a weak reference was asked for lives until the end of the turn. */
function aTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
