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
  /** Whether the policy let this machine provide it when the hub was last told; `null` before. */
  readonly permitted: boolean | null;
  /** Why the hub does not take it; `null` when it does. */
  readonly problem: string | null;
}

/** A folder whose files the agent sends. */
export interface OutboxStatus {
  readonly folder: string;
  readonly to: string;
  /** Files that wait, as of the last look. */
  readonly waiting: number;
  /** Since the agent's start. */
  readonly sent: number;
  readonly failed: number;
  /** What keeps files from being sent; `null` when nothing does. */
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

/** The configuration that is in force. */
export interface ConfigStatus {
  /** `null` when there is none: environment and flags only. */
  readonly file: string | null;
  /** When what is in force was read, in RFC 3339. */
  readonly readAt: string;
  /** Why what is written now is not in force; `null` when it is. */
  readonly problem: string | null;
}

/** What a running agent tells: `GET /status` over its socket. Times are RFC 3339. */
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
  readonly config: ConfigStatus;
  /** Whether the devices were taken back by `qconn-agent drain`. */
  readonly drained: boolean;
  readonly devices: readonly DeviceStatus[];
  readonly outboxes: readonly OutboxStatus[];
  /** The last one since the start, also when it is over. */
  readonly lastError: ErrorStatus | null;
}

/** What the credential folder tells when no agent runs. */
export interface StoppedStatus extends IdentityStatus {
  readonly running: false;
}

export type AgentStatus = RunningStatus | StoppedStatus;
