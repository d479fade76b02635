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

/** The agent's configuration, with defaults filled in and paths made absolute. */
export interface AgentConfig {
  /** HTTPS address of the hub to enrol with. */
  readonly hub: string;
  /** Folder of the machine's credential. */
  readonly credentials: string;
  /** Hostname to ask for; this system's when left out. */
  readonly hostname?: string;
  readonly log: { readonly level: LogLevel; readonly format: LogFormat };
  readonly devices: readonly DeviceConfig[];
}

/** Settings that a command may need to be given. */
export type Needed = 'hub' | 'credentials';
