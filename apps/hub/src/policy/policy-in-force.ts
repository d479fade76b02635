import { compilePolicy, type Policy, type Principal } from '@qconn/authz';
import type { PolicyChange, PolicyMachine, PolicyPart, PolicySnapshot } from '@qconn/store';

/** The compiled policy, and what else of the database decides who is let in. */
export class PolicyInForce {
  #policy: Policy;
  /** By hostname. */
  #fingerprints: Map<string, string>;
  #revokedSerials: Set<string>;

  constructor(snapshot: PolicySnapshot) {
    this.#policy = compiled(snapshot);
    this.#fingerprints = fingerprintsIn(snapshot);
    this.#revokedSerials = new Set(snapshot.revokedSerials);
  }

  get policy(): Policy {
    return this.#policy;
  }

  /** The fingerprint of an enrolled machine by its fingerprint or hostname. */
  knownMachine(machine: string): string | undefined {
    return this.#policy.machine(machine) === undefined ? this.#fingerprints.get(machine) : machine;
  }

  /** Whether a credential that still verifies has been revoked. */
  isRevoked(serial: string): boolean {
    return this.#revokedSerials.has(serial);
  }

  /** Puts a whole policy in force. */
  replace(snapshot: PolicySnapshot): void {
    this.#policy = compiled(snapshot);
    this.#fingerprints = fingerprintsIn(snapshot);
    this.#revokedSerials = new Set(snapshot.revokedSerials);
  }

  /** Puts a change in force. @param part what the database has of the machines and roles that the change names */
  change({ generation, machines, roles }: Extract<PolicyChange, { kind: 'changed' }>, part: PolicyPart): void {
    const found = new Set(part.machines.map(({ fingerprint }) => fingerprint));
    const defined = new Set(part.roles.map(({ name }) => name));
    this.#forgetHostnames(machines);
    this.#policy = this.#policy.with({
      generation,
      machines: part.machines.map(principalOf),
      removedMachines: machines.filter((fingerprint) => !found.has(fingerprint)),
      roles: part.roles,
      removedRoles: roles.filter((name) => !defined.has(name)),
    });
    for (const { fingerprint, hostname } of part.machines)
      if (hostname !== null) this.#fingerprints.set(hostname, fingerprint);
    for (const serial of part.revokedSerials) this.#revokedSerials.add(serial);
  }

  #forgetHostnames(machines: readonly string[]): void {
    for (const fingerprint of machines) {
      const hostname = this.#policy.machine(fingerprint)?.hostname;
      if (hostname !== undefined && this.#fingerprints.get(hostname) === fingerprint)
        this.#fingerprints.delete(hostname);
    }
  }
}

function compiled({ generation, roles, machines }: PolicySnapshot): Policy {
  return compilePolicy({ generation, roles, machines: machines.map(principalOf) });
}

function fingerprintsIn({ machines }: PolicySnapshot): Map<string, string> {
  return new Map(
    machines.flatMap(({ hostname, fingerprint }) => (hostname === null ? [] : [[hostname, fingerprint] as const])),
  );
}

function principalOf({ fingerprint, status, hostname, labels, roles }: PolicyMachine): Principal {
  return { fingerprint, status, hostname: hostname ?? undefined, labels, roles };
}
