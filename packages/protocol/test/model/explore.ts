import { ERROR_TABLE } from '@qconn/protocol';
import { disturbancesOf } from './disturbances.ts';
import { courseOf, type Move } from './moves.ts';
import { Fault, type Tables } from './places.ts';
import { copyOf, keyOf, simplify, type World } from './world.ts';

/** What an exploration has seen. */
export interface Exploration {
  readonly states: number;
  readonly steps: number;
  /** Ends of exchanges, by their final word. */
  readonly endings: ReadonlyMap<string, number>;
  /** What went wrong first, and the shortest way there. */
  readonly fault: { readonly message: string; readonly way: readonly string[] } | undefined;
}

/** A world that was reached, and how. */
interface Reached {
  readonly world: World;
  readonly from: Reached | undefined;
  readonly move: string;
}

/** Visits every world that can follow from the given ones, nearest first, until something is wrong. */
export function explore(tables: Tables, firsts: readonly World[], statesMax = 1_000_000): Exploration {
  const seen = new Set<string>(firsts.map(keyOf));
  const queue: Reached[] = firsts.map((world) => ({ world, from: undefined, move: 'the sender sends its request' }));
  const endings = new Map<string, number>();
  let steps = 0;
  // An array that grows while it is read: shifting would move every element each time.
  for (const reached of queue) {
    if (seen.size > statesMax) throw new Error(`more than ${statesMax} states`);
    const moves = [...courseOf(reached.world), ...disturbancesOf(reached.world)];
    const quiet = !moves.some(({ certain }) => certain);
    const left = quiet ? leftOver(reached.world) : undefined;
    if (left !== undefined) return { states: seen.size, steps, endings, fault: { message: left, way: wayTo(reached) } };
    if (quiet) endings.set(String(reached.world.final), (endings.get(String(reached.world.final)) ?? 0) + 1);
    for (const move of moves) {
      steps++;
      const { world, fault } = after(tables, reached.world, move);
      const next: Reached = { world, from: reached, move: move.name };
      if (fault !== undefined)
        return { states: seen.size, steps, endings, fault: { message: fault, way: wayTo(next) } };
      const key = keyOf(world);
      if (seen.has(key)) continue;
      seen.add(key);
      queue.push(next);
    }
  }
  return { states: seen.size, steps, endings, fault: undefined };
}

function after(tables: Tables, world: World, move: Move): { world: World; fault: string | undefined } {
  const next = copyOf(world);
  try {
    move.run(tables, next);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { world: next, fault: error.message };
  }
  return { world: simplify(next), fault: brokenPromise(next) };
}

/** What must hold in every world. */
function brokenPromise({ finals, final, hubFinals, effect, runs }: World): string | undefined {
  if (finals > 1) return 'the caller had two final words';
  if (hubFinals > 1) return 'the hub sent two final words';
  if (final === 'result' && runs === 0) return 'a result without a run';
  if (final !== undefined && final !== 'result' && effect && ERROR_TABLE[final].retrySafe)
    return `“${final}” is safe to retry, and the job has run`;
  if (runs > 1) return 'one exchange ran twice';
  return undefined;
}

/** What must be gone once nothing more is bound to happen. */
function leftOver({
  sender,
  finals,
  hub,
  jobDeadlineArmed,
  deliveries,
  senderLink,
  providerLink,
}: World): string | undefined {
  if (sender !== 'done' || finals !== 1) return `the sender is left in ${sender} with ${finals} final words`;
  if (hub !== 'done' && hub !== 'absent') return `the hub is left in ${hub}`;
  if (jobDeadlineArmed) return 'the hub keeps a job deadline';
  const open = deliveries.find(({ state }) => state !== 'done');
  if (open !== undefined) return `the provider is left in ${open.state}`;
  const waiting = [senderLink, providerLink].flatMap(({ toHub, fromHub }) => [...toHub, ...fromHub]);
  return waiting.length === 0 ? undefined : `frames are left on their way: ${waiting.join()}`;
}

function wayTo(reached: Reached): string[] {
  const way: string[] = [];
  for (let at: Reached | undefined = reached; at !== undefined; at = at.from) way.unshift(at.move);
  return way;
}
