import { QconnError } from '@qconn/protocol';
import type { PolicyChange, PolicyMachine, PolicyPart, PolicyRole, PolicySnapshot } from '@qconn/store';
import type { LivePolicyDependencies } from '../../src/policy/live-policy.ts';

/** A database's policy as a test says: what it holds, what it announces, when it answers. */
export class ScriptedSource {
  readonly machines = new Map<string, PolicyMachine>();
  readonly roles = new Map<string, PolicyRole>();
  generationNow = 1;
  /** Whole policies that were read. */
  loads = 0;
  /** Questions for the generation. */
  questions = 0;
  down = false;
  /** While there is one, no answer comes before it resolves. */
  slow: Promise<void> | undefined;
  #heard: (change: PolicyChange) => void = () => {};

  /** What a live policy reads from. */
  get source(): LivePolicyDependencies['source'] {
    return {
      onChange: async (listener) => {
        this.#heard = listener;
        return () => (this.#heard = () => {});
      },
      generation: async () => {
        this.questions++;
        await this.#answer();
        return this.generationNow;
      },
      load: async () => {
        this.loads++;
        await this.#answer();
        return this.#snapshot();
      },
      loadPart: async ({ machines = [], roles = [] }): Promise<PolicyPart> => {
        await this.#answer();
        return {
          machines: machines.flatMap((fingerprint) => this.machines.get(fingerprint) ?? []),
          roles: roles.flatMap((name) => this.roles.get(name) ?? []),
          revokedSerials: [],
        };
      },
    };
  }

  /** Commits a machine, without a word to anybody. @returns its announcement */
  commit(machine: Partial<PolicyMachine> & { fingerprint: string }): PolicyChange {
    this.machines.set(machine.fingerprint, { status: 'authorized', hostname: null, roles: [], labels: {}, ...machine });
    this.generationNow++;
    return { kind: 'changed', generation: this.generationNow, machines: [machine.fingerprint], roles: [] };
  }

  announce(change: PolicyChange): void {
    this.#heard(change);
  }

  async #answer(): Promise<void> {
    await this.slow;
    if (this.down) throw new QconnError('database_unavailable');
  }

  #snapshot(): PolicySnapshot {
    return {
      generation: this.generationNow,
      machines: [...this.machines.values()],
      roles: [...this.roles.values()],
      revokedSerials: [],
    };
  }
}
