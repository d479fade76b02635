/** What the hub's API shows, as docs and /openapi.json have it. Times are RFC 3339 in UTC. */

export type MachineStatus = 'pending' | 'authorized' | 'revoked';

export interface Machine {
  readonly fingerprint: string;
  /** Compare with what the machine itself shows before approving. */
  readonly shortCode: string;
  readonly status: MachineStatus;
  readonly hostname: string | null;
  readonly requestedHostname: string | null;
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

export interface AuditRow {
  readonly id: number;
  readonly at: string;
  readonly actor: string;
  readonly act: string;
  readonly subject: string;
  readonly before: unknown;
  readonly after: unknown;
}

export interface Explanation {
  readonly allowed: boolean;
  readonly reason: string;
  readonly steps: readonly { readonly question: string; readonly allowed: boolean; readonly reason: string }[];
}

export interface HubFacts {
  readonly id: string;
  readonly quicPort: number;
  readonly rootPem: string;
}

/** Part of a list. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** Cursor of the next part; left out on the last. */
  readonly next?: string;
}
