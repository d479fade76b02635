import type { LogFormat, LogLevel } from '@qconn/startup';
import type { AdapterSettings } from '../adapters/create-adapter.ts';

/** A device that the agent provides. */
export interface DeviceConfig {
  readonly name: string;
  readonly serviceTypes: readonly string[];
  /** Jobs that may run at once; one more is refused with `busy`. */
  readonly concurrency: number;
  readonly adapter: AdapterSettings;
}

/** A folder whose files are sent as messages, each once. */
export interface OutboxConfig {
  readonly folder: string;
  /** Address of the messages, such as `report.store@archive-pc`. */
  readonly to: string;
  /** Which names are taken: `*` stands for any characters. */
  readonly names: string;
  /** What becomes of a file whose message was completed: moved into the subfolder `sent`, or deleted. */
  readonly afterwards: 'keep' | 'delete';
  /** A file is taken when it has not changed for this long, in milliseconds. */
  readonly settleMs: number;
  /** Time from the acknowledgement to the result, in milliseconds. */
  readonly jobMs: number;
}

/** The agent's configuration, with defaults filled in and paths made absolute. */
export interface AgentConfig {
  /** HTTPS address of the hub to enrol with. */
  readonly hub: string;
  /** Folder of the machine's credential. */
  readonly credentials: string;
  /** Under which the credential is encrypted: in a file, or given itself. */
  readonly credentialsPassphraseFile?: string;
  readonly credentialsPassphrase?: string;
  /** Hostname to ask for; this system's when left out. */
  readonly hostname?: string;
  readonly log: { readonly level: LogLevel; readonly format: LogFormat };
  readonly devices: readonly DeviceConfig[];
  /** What programs on this machine may do through the agent's socket. */
  readonly local: {
    /** Service types, or patterns that end in `*`, that they may submit under this machine's name. */
    readonly submit: readonly string[];
  };
  readonly outboxes: readonly OutboxConfig[];
}

/** Settings that a command may need to be given. */
export type Needed = 'hub' | 'credentials';
