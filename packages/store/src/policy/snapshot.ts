import type { MachineStatus } from '../database/tables.ts';
import type { RoleGrant } from '../roles/record.ts';

/** What the policy knows of one machine. */
export interface PolicyMachine {
  readonly fingerprint: string;
  readonly status: MachineStatus;
  /** The hostname that it holds. */
  readonly hostname: string | null;
  readonly roles: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

export interface PolicyRole {
  readonly name: string;
  readonly grants: readonly RoleGrant[];
}

/** Roles, machines and revocations, as of one moment. */
export interface PolicyPart {
  readonly roles: readonly PolicyRole[];
  readonly machines: readonly PolicyMachine[];
  /** Serials of revoked credentials that have not expired yet, in hex. */
  readonly revokedSerials: readonly string[];
}

/** Everything that authorization needs, as of one moment. */
export interface PolicySnapshot extends PolicyPart {
  /** Raised by one with every change. */
  readonly generation: number;
}

/** What has changed since the snapshot with the generation one below. */
export type PolicyChange =
  | {
      readonly kind: 'changed';
      readonly generation: number;
      readonly machines: readonly string[];
      readonly roles: readonly string[];
    }
  /** Load everything: too much changed, or the connection was lost and changes may have been missed. */
  | { readonly kind: 'resync' };
