import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { Ballast } from '../src/ballast.ts';
import { FullCollections } from '../src/full-collections.ts';

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

  it('is taken on after a full collection that came soon after another, and thrown off by the megabyte', () => {
    const { ballast, all } = laden(new ScriptedCollections());
    expect(all).toBeGreaterThanOrEqual(32 * MIB);
    ballast.given(0.5 * MIB);
    expect(ballast.bytes).toBe(all);
    ballast.given(0.25 * MIB);
    expect(ballast.bytes).toBe(all - MIB);
    ballast.given(all - MIB);
    expect(ballast.bytes).toBe(0);
  });

  it('is taken on four times before it is looked at again whether it pays', () => {
    const v8 = new ScriptedCollections();
    const { ballast, all } = laden(v8);
    v8.collect();
    for (let load = 2; load <= 4; load += 1) {
      ballast.given(all + MIB);
      expect(ballast.bytes).toBe(all);
    }
    ballast.given(all + 31 * MIB);
    expect(ballast.bytes).toBe(0);
    v8.collect();
    ballast.given(MIB);
    expect(ballast.bytes).toBe(0);
    ballast.given(9 * MIB);
    v8.collect();
    ballast.given(MIB);
    expect(ballast.bytes).toBe(all);
  });

  it('counts for V8 for as long as it is there', () => {
    const collect = collector();
    // What other tests have left; the second finishes what the first has begun.
    collect({ type: 'major' });
    collect({ type: 'major' });
    const before = process.memoryUsage().external;
    const { ballast, all } = laden(new ScriptedCollections());
    expect(process.memoryUsage().external - before).toBeGreaterThan(0.9 * all);
    ballast.given(all);
    expect(process.memoryUsage().external - before).toBeLessThan(0.1 * all);
  });
});

describe('full collections', () => {
  it('are told from young ones', async () => {
    const collect = collector();
    // A collection that is under way for what tests before this one have left comes to its end.
    collect({ type: 'major' });
    const collections = new FullCollections();
    await aTurn();
    collect({ type: 'minor' });
    collect({ type: 'minor' });
    await aTurn();
    expect(collections.happened()).toBe(false);
    collect({ type: 'major' });
    await expect.poll(() => collections.happened()).toBe(true);
    expect(collections.happened()).toBe(false);
  });
});

/** Ballast just taken on, and how many bytes of it. */
function laden(v8: ScriptedCollections): { readonly ballast: Ballast; readonly all: number } {
  const ballast = new Ballast(v8);
  ballast.given(9.5 * MIB);
  v8.collect();
  ballast.given(0.75 * MIB);
  return { ballast, all: ballast.bytes };
}

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

function aTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
