import type { Access, AdminAction } from '../../apps/hub/src/http/admin-actions.ts';

/**
 * Who is let in where: the rule from which docs/access.md is made, and to which
 * apps/hub/test/http/access-matrix.ts holds a running hub, endpoint by endpoint.
 */

/** Who asks. */
export type Situation =
  | 'nobody'
  | 'pending machine'
  | 'machine without admin'
  | 'machine with the action'
  | 'machine with every other action'
  | 'revoked machine'
  | 'key without admin'
  | 'key with the action'
  | 'key with every other action'
  | 'revoked key'
  | 'expired key';

/** In the order of the table's columns. */
export const SITUATIONS: readonly Situation[] = [
  'nobody',
  'pending machine',
  'machine without admin',
  'machine with every other action',
  'machine with the action',
  'revoked machine',
  'key without admin',
  'key with every other action',
  'key with the action',
  'revoked key',
  'expired key',
];

/** What the door says: in, or the code of the refusal. What happens behind it is the endpoint's own business. */
export type Verdict = 'in' | 'unauthenticated' | 'pending' | 'revoked' | 'forbidden';

const PROVEN: ReadonlySet<Situation> = new Set(SITUATIONS.filter((situation) => situation.includes('with')));

export function verdictOn(access: Access, situation: Situation): Verdict {
  if (access === 'public') return 'in';
  if (situation === 'pending machine') return 'pending';
  if (situation === 'revoked machine') return 'revoked';
  if (!PROVEN.has(situation)) return 'unauthenticated';
  return access === 'any' || situation.endsWith('with the action') ? 'in' : 'forbidden';
}

/** The action that a situation is about; `any` has none. */
export function actionOf(access: Access): AdminAction | undefined {
  return access === 'public' || access === 'any' ? undefined : access;
}
