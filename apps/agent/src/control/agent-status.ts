import type { MachineStatus, Phase } from '@qconn/client';

/** A device of a running agent. */
export interface DeviceStatus {
  readonly name: string;
  readonly serviceTypes: readonly string[];
  /** What its adapter reaches: `tcp 10.0.0.9:9100`. */
  readonly target: string;
  readonly concurrency: number;
  /** Jobs since the agent's start. */
  readonly jobs: { readonly running: number; readonly done: number; readonly failed: number };
  /** Why the hub does not take it; `null` when it does. */
  readonly problem: string | null;
}

/** What the machine's certificate and folder say; known with or without a running agent. */
export interface IdentityStatus {
  /** HTTPS address of the hub that issued the credential. */
  readonly hub: string;
  readonly fingerprint: string;
  /** What an administrator compares before approving. */
  readonly shortCode: string;
  /** RFC 3339. */
  readonly certificateExpiresAt: string;
}

/** An error, with its time in RFC 3339. */
export interface ErrorStatus {
  readonly code: string;
  readonly message: string;
  readonly action: string;
  readonly at: string;
}

/** What a running agent tells: one JSON line over its socket. Times are RFC 3339. */
export interface RunningStatus extends IdentityStatus {
  readonly running: true;
  /** Program and version. */
  readonly agent: string;
  readonly pid: number;
  readonly startedAt: string;
  readonly phase: Phase;
  readonly phaseSince: string;
  /** What the hub said last, also while there is no connection; `null` before its first welcome. */
  readonly machine: {
    readonly status: MachineStatus['status'];
    readonly hostname: string | null;
    readonly roles: readonly string[];
  } | null;
  readonly devices: readonly DeviceStatus[];
  /** The last one since the start, also when it is over. */
  readonly lastError: ErrorStatus | null;
}

/** What the credential folder tells when no agent runs. */
export interface StoppedStatus extends IdentityStatus {
  readonly running: false;
}

export type AgentStatus = RunningStatus | StoppedStatus;
