import { systemClock } from '@qconn/clock';
import { createLog } from '@qconn/startup';
import { openStore, type RoleGrant } from '@qconn/store';
import { LivePolicy } from '../../src/policy/live-policy.ts';

const CHANGES = 200;

/**
 * Milliseconds from before a change is written, by one hub, to when it is in force on another, which has the whole policy in
 * memory. Every second one replaces a role of a hundred grants, the others a machine's roles.
 */
export async function changeTimes(databaseUrl: string): Promise<readonly number[]> {
  const [writer, reader] = [await openStore({ url: databaseUrl }), await openStore({ url: databaseUrl })];
  const live = await LivePolicy.start(
    {
      source: reader.policy,
      clock: systemClock,
      log: createLog({ component: 'bench', level: 'error', format: 'json' }),
    },
    { maxAgeMs: 900_000 },
  );
  let heard = (): void => {};
  live.onChange(() => heard());
  const [role] = await writer.roles.named(['role-7']);
  const grants = role?.grants ?? [];
  const times: number[] = [];
  for (let turn = 0; turn < CHANGES; turn++) {
    const { generation } = live.current;
    const inForce = new Promise<void>((resolve) => (heard = () => live.current.generation > generation && resolve()));
    const begun = performance.now();
    await Promise.all([change(turn), inForce]);
    times.push(performance.now() - begun);
  }
  await live.close();
  await Promise.all([writer.close(), reader.close()]);
  return times;

  async function change(turn: number): Promise<void> {
    const act = { actor: 'bench', now: Date.now() };
    const first: RoleGrant = { effect: 'allow', verb: 'query', serviceTypes: [`turn.t${turn}`] };
    if (turn % 2 === 0) await writer.roles.put({ name: 'role-7', grants: [first, ...grants.slice(1)], ...act });
    else await writer.machines.assign({ fingerprint: `qc1${turn}`, roles: [`role-${turn}`, 'role-7'], ...act });
  }
}
