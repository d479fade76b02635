/** What the hub's API shows, as docs and /openapi.json have it. Times are RFC 3339 in UTC. */

export type MachineStatus = 'pending' | 'authorized' | 'revoked';

export interface Machine {
  readonly fingerprint: string;
  /** Compare with what the machine itself shows before approving. */
  readonly shortCode: string;
  readonly status: MachineStatus;
  readonly hostname: string | null;
  readonly requestedHostname: string | null;
  /** Fingerprint of another machine that holds that hostname. */
  readonly requestedHolder: string | null;
  readonly roles: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** What the machine says of itself; nobody has checked it. */
  readonly facts: Readonly<Record<string, unknown>>;
  readonly online: boolean;
  readonly createdAt: string;
  readonly authorizedAt: string | null;
  readonly revokedAt: string | null;
  /** End of its last credential. */
  readonly expiresAt: string | null;
  /** Of what can be edited. */
  readonly version: string;
}

export interface Token {
  readonly id: string;
  readonly uses: number;
  readonly usesLeft: number;
  readonly hostname: string | null;
  readonly roles: readonly string[];
  readonly autoApprove: boolean;
  readonly createdBy: string;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly revokedAt: string | null;
}

/** Machines on the other side of a message: all labels, and one of the hostnames. */
export interface Selector {
  readonly labels?: Readonly<Record<string, string>>;
  readonly hostnames?: readonly string[];
}

export interface Grant {
  readonly effect: 'allow' | 'deny';
  readonly verb: 'provide' | 'submit' | 'query' | 'admin';
  readonly serviceTypes: readonly string[];
  readonly selector?: Selector;
}

export interface Role {
  readonly name: string;
  readonly grants: readonly Grant[];
  /** Raised by every edit. */
  readonly generation: number;
  readonly updatedAt: string;
}

/** Roles as a file has them, and what else is to be done. */
export interface RoleSet {
  readonly roles: readonly { readonly name: string; readonly grants: readonly Grant[] }[];
  /** Machines by hostname or fingerprint, and the roles that each shall have, all of them. */
  readonly assignments?: Readonly<Record<string, readonly string[]>>;
  readonly prune?: boolean;
  readonly force?: boolean;
}

/** What a set of roles changes. */
export interface RoleSetChange {
  readonly roles: readonly {
    readonly name: string;
    readonly change: 'make' | 'edit' | 'delete';
    readonly adds: readonly Grant[];
    readonly removes: readonly Grant[];
  }[];
  readonly assignments: readonly {
    readonly machine: string;
    readonly hostname: string | null;
    readonly before: readonly string[];
    readonly after: readonly string[];
  }[];
}

/** Something that somebody may do. */
export interface Right {
  readonly verb: string;
  readonly serviceType: string;
  readonly towards?: string;
}

/** What a set of roles changes, and for whom. */
export interface RolePlan {
  readonly change: RoleSetChange;
  readonly affected: readonly {
    readonly kind: 'machine' | 'key';
    readonly id: string;
    readonly name: string;
    readonly gains: readonly Right[];
    readonly loses: readonly Right[];
  }[];
  readonly holders: number;
  /** Whether all holders were looked at. */
  readonly complete: boolean;
  /** Of all roles, for what is applied. */
  readonly version: string;
}

/** Who the hub takes the caller for. */
export interface Caller {
  readonly kind: 'key' | 'machine';
  readonly actor: string;
  readonly name: string;
  readonly roles: readonly string[];
  readonly actions: readonly string[];
  readonly endsAt: string | null;
}

export interface Key {
  readonly id: string;
  readonly name: string;
  readonly roles: readonly string[];
  readonly createdBy: string;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly revokedAt: string | null;
}

export interface LiveSession {
  readonly id: string;
  readonly machine: string;
  readonly hostname: string | null;
  readonly status: string;
  readonly remoteAddress: string;
  readonly credentialSerial: string;
  readonly devices: readonly { readonly device: string; readonly serviceTypes: readonly string[] }[];
  readonly rttMs: number;
}

/** An exchange that has ended. */
export interface PastExchange {
  readonly id: string;
  readonly from: { readonly machine: string; readonly hostname: string | null };
  readonly to: { readonly machine: string; readonly hostname: string | null; readonly device: string } | null;
  readonly serviceType: string;
  readonly inquiry: boolean;
  readonly outcome: string;
  readonly stages: readonly { readonly stage: string; readonly at: string }[];
  readonly durationMs: number;
  readonly deliveries: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly traceId: string | null;
}

export interface AuditRow {
  readonly id: number;
  readonly at: string;
  readonly actor: string;
  readonly act: string;
  readonly subject: string;
  readonly before: unknown;
  readonly after: unknown;
  readonly prevHash: string;
  readonly hash: string;
}

export interface AuditVerdict {
  readonly intact: boolean;
  /** Rows that were checked and are in order. */
  readonly rows: number;
  readonly brokenAt: number | null;
  /** Hash of the last row. */
  readonly head: string;
}

export interface Explanation {
  readonly allowed: boolean;
  readonly reason: string;
  readonly steps: readonly { readonly question: string; readonly allowed: boolean; readonly reason: string }[];
}

/** A setting of the hub as it is in force. */
export interface ShownSetting {
  readonly setting: string;
  readonly value: unknown;
  /** It is set, and not shown. */
  readonly secret: boolean;
  readonly reloadable: boolean;
}

export interface Reloaded {
  readonly changed: readonly { readonly setting: string; readonly before: unknown; readonly after: unknown }[];
  /** Changed where they are read from; a restart puts them in force. */
  readonly needRestart: readonly string[];
}

export interface HubFacts {
  readonly id: string;
  readonly quicPort: number;
  readonly rootPem: string;
  readonly trust: { readonly id: string; readonly roots: readonly { readonly pin: string; readonly pem: string }[] };
}

/** Part of a list. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** Cursor of the next part; left out on the last. */
  readonly next?: string;
}
