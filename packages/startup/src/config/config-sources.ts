import type { Flags } from './flags.ts';
import type { Path } from './path.ts';
import type { ConfigSchema } from './settings.ts';

/** Where a program's configuration comes from. */
export interface ConfigSources<T = unknown> {
  /**
   * JSON Schema (draft 7) of the whole. `default` gives defaults (an object that holds defaults wants `default: {}`
   * itself); `secret: true` keeps a value out of every message.
   */
  readonly schema: ConfigSchema<T>;
  /** YAML file; left out when there is none. A file that is named must exist. */
  readonly file?: string | undefined;
  /** Most bytes of the file; {@link CONFIG_FILE_MAX_BYTES} when left out. */
  readonly fileMaxBytes?: number;
  /** Usually `process.env`. An empty variable counts as not set. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Each setting can be given as this prefix and its path: `QCONN_HUB_` and `http.port` make `QCONN_HUB_HTTP_PORT`. */
  readonly environmentPrefix?: string;
  /** Variables with names of their own, by path: `{ DATABASE_URL: 'database.url' }`. */
  readonly environmentNames?: Readonly<Record<string, string>>;
  /** What was given on the command line, by flag as people type it. */
  readonly flags?: Flags;
  /** What the schema cannot say. Asked only of a configuration that passes the schema. */
  readonly check?: (config: T) => Iterable<Finding>;
}

/** A mistake that a program finds itself. */
export interface Finding {
  /** Keys and positions from the root: `['devices', 0, 'name']`. */
  readonly path: Path;
  /** What is wrong, in words that follow the path: `is taken by devices[0]`. */
  readonly message: string;
}
