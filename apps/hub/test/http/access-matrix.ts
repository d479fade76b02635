import { Agent } from 'node:https';
import { expect, test } from 'vitest';
import { actionOf, SITUATIONS, verdictOn, type Situation } from '../../../../tooling/docs/access-matrix.ts';
import { ADMIN_ACTIONS, type AdminAction } from '../../src/http/admin-actions.ts';
import { apiOperations, type ApiOperation } from '../../src/http/operations.ts';
import type { RunningHub, TestMachine } from '../hub/running-hub.ts';
import { ask, type Answer, type AskOptions } from '../metrics/hub-request.ts';

const YEAR_MS = 366 * 86_400_000;

/** Asks a hub every question of docs/access.md. @param hub is started when the test runs */
export function accessMatrix(hub: () => RunningHub): void {
  test('every endpoint lets in whom docs/access.md says, and nobody else', async () => {
    const cast = await Cast.of(hub());
    const wrong: string[] = [];
    for (const operation of apiOperations()) {
      const verdicts = await Promise.all(
        SITUATIONS.map(async (situation) => ({ situation, verdict: await cast.knock(operation, situation) })),
      );
      for (const { situation, verdict } of verdicts) {
        const wanted = verdictOn(operation.access, situation);
        if (verdict !== wanted)
          wrong.push(`${operation.method} ${operation.path}, ${situation}: ${verdict} instead of ${wanted}`);
      }
    }
    cast.close();
    expect(wrong).toEqual([]);
  });
}

/** Callers of every kind. A role for each action, and one for all others. */
class Cast {
  readonly #hub: RunningHub;
  readonly #keys = new Map<string, string>();
  readonly #machines = new Map<string, TestMachine>();
  readonly #agents = new Map<string, Agent>();

  private constructor(hub: RunningHub) {
    this.#hub = hub;
  }

  static async of(hub: RunningHub): Promise<Cast> {
    const cast = new Cast(hub);
    const act = { actor: 'test', now: Date.now() };
    const roles: [name: string, actions: readonly AdminAction[]][] = [
      ['no-admin', []],
      ...ADMIN_ACTIONS.map((action): [string, AdminAction[]] => [`only-${action}`, [action]]),
      ...ADMIN_ACTIONS.map((action): [string, AdminAction[]] => [
        `not-${action}`,
        ADMIN_ACTIONS.filter((other) => other !== action),
      ]),
    ];
    for (const [name, actions] of roles) {
      const grants = actions.map((action) => ({ effect: 'allow', verb: 'admin', serviceTypes: [action] }) as const);
      await hub.store.roles.put({ name, grants, ...act });
      cast.#keys.set(name, await hub.key([name], Date.now() + YEAR_MS));
      const machine = await hub.machine();
      await hub.store.machines.approve({ fingerprint: machine.fingerprint, hostname: name, roles: [name], ...act });
      cast.#machines.set(name, machine);
    }
    cast.#machines.set('pending', await hub.machine());
    const revoked = await hub.machine();
    await hub.store.machines.revoke({ fingerprint: revoked.fingerprint, ...act });
    cast.#machines.set('revoked', revoked);
    cast.#keys.set('expired', await hub.key(['admin'], Date.now() - 1));
    const key = await hub.key(['admin'], Date.now() + YEAR_MS);
    cast.#keys.set('revoked', key);
    await hub.revokeKey(key);
    await hub.policyInForce();
    return cast;
  }

  /**
   * Asks for an operation in such a way that whoever is let in does nothing: path parameters that name nothing, bodies that are
   * none, a name of the request that is too long.
   */
  async knock({ method, path, access }: ApiOperation, situation: Situation): Promise<string> {
    const answer = await ask(this.#hub, path.replaceAll(/:\w+/g, 'no-such-thing'), {
      method,
      ...(method === 'POST' || method === 'PUT' ? { body: [], headers: { 'idempotency-key': 'x'.repeat(200) } } : {}),
      agent: this.#agentFor(situation, access),
      ...this.#proof(situation, actionOf(access)),
    });
    return verdictOf(answer);
  }

  /** One connection for all that somebody asks. */
  #agentFor(situation: Situation, access: ApiOperation['access']): Agent {
    const name = `${situation} ${situation.includes('action') ? access : ''}`;
    const agent = this.#agents.get(name) ?? new Agent({ keepAlive: true, maxSockets: 1 });
    this.#agents.set(name, agent);
    return agent;
  }

  close(): void {
    for (const agent of this.#agents.values()) agent.destroy();
  }

  #proof(situation: Situation, action: AdminAction = 'audit.read'): Pick<AskOptions, 'key' | 'machine'> {
    const name = situation.endsWith('without admin')
      ? 'no-admin'
      : situation.endsWith('with the action')
        ? `only-${action}`
        : situation.endsWith('other action')
          ? `not-${action}`
          : (situation.split(' ')[0] ?? '');
    if (situation === 'nobody') return {};
    return situation.includes('key') ? { key: this.#keys.get(name) } : { machine: this.#machines.get(name)?.tls };
  }
}

function verdictOf({ status, json }: Answer): string {
  if (status === 401 || status === 403) return String(json['code']);
  return status < 500 && status !== 429 ? 'in' : `${status} ${String(json['code'])}`;
}
