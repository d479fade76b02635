import { expect, test } from 'vitest';
import { explore } from './explore.ts';
import { TABLES } from './places.ts';
import { firstWorlds } from './world.ts';

/** Disturbances in one exchange, of any kinds and in any order: 2 takes 2–4 s, 3 some 12 s (QCONN_MODEL_BOUND=3). */
const BOUND = Number(process.env['QCONN_MODEL_BOUND'] ?? 2);

test('every interleaving of one exchange keeps its promises', ({ task }) => {
  const { states, steps, endings, fault } = explore(TABLES, firstWorlds(BOUND));
  console.log(`${task.name}: ${states} states, ${steps} steps with up to ${BOUND} disturbances`);
  expect(fault).toBeUndefined();
  // The exploration is worth something only if it comes to every end that the hub can bring about.
  expect([...endings.keys()].toSorted()).toEqual([
    'cancelled',
    'deadline_exceeded',
    'handler_failed',
    'hub_draining',
    'hub_lost',
    'not_acknowledged',
    'not_found',
    'rejected',
    'result',
    'target_lost',
  ]);
  expect(states).toBeGreaterThan(20_000);
});
