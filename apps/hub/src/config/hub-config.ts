import { loadConfig, type ConfigSources, type Finding, type LogFormat, type LogLevel } from '@qconn/startup';
import { HUB_CONFIG_SCHEMA } from './hub-schema.ts';

/** The hub's configuration, complete with its defaults. */
export interface HubConfig {
  readonly dataFolder: string;
  readonly database: { readonly url?: string };
  readonly policy: { readonly maxAgeMs: number };
  readonly ca: { readonly passphrase?: string; readonly passphraseFile?: string };
  readonly listen: {
    readonly host: string;
    readonly quicPort: number;
    readonly httpsPort: number;
    readonly busyPollMicros: number;
  };
  readonly hosts: readonly string[];
  readonly advertise: readonly string[];
  readonly certificates: {
    readonly machineValidityMs: number;
    readonly graceMs: number;
    readonly recoveriesMax: number;
    readonly keepExpiredMs: number;
  };
  readonly limits: {
    readonly exchangesInFlight: number;
    readonly messagesPerSecond: number;
    readonly bytesPerSecond: number;
    readonly requestsPerSecond: number;
    readonly enrolmentsPerSecond: number;
    readonly bodyBytes: number;
    readonly bodyStreams: number;
  };
  /** How much of past exchanges is remembered. */
  readonly timeline: { readonly entries: number; readonly maxAgeMs: number };
  readonly tracing: { readonly module?: string };
  readonly drainMs: number;
  readonly log: {
    readonly level: LogLevel;
    readonly format: LogFormat;
    readonly securityFile?: string;
    readonly insecureDebugFolder?: string;
  };
}

/** Settings that have a flag of their own; the file and the environment can give every setting. */
export const HUB_FLAGS = {
  '--data': 'dataFolder',
  '--database': 'database.url',
  '--host': 'listen.host',
  '--quic-port': 'listen.quicPort',
  '--https-port': 'listen.httpsPort',
  '--hosts': 'hosts',
  '--log-level': 'log.level',
} as const;

/** What the names of the hub's variables begin with. */
export const HUB_ENVIRONMENT_PREFIX = 'QCONN_HUB_';

/** Variables that other programs know too. */
export const HUB_ENVIRONMENT_NAMES = { DATABASE_URL: 'database.url' } as const;

/**
 * Reads the configuration: file, then environment (`QCONN_HUB_…`, `DATABASE_URL`), then flags.
 * @throws QconnError `config_invalid` with every mistake at once
 */
export function loadHubConfig(sources: Pick<ConfigSources, 'file' | 'environment' | 'flags'>): HubConfig {
  return loadConfig({
    schema: HUB_CONFIG_SCHEMA,
    environmentPrefix: HUB_ENVIRONMENT_PREFIX,
    environmentNames: HUB_ENVIRONMENT_NAMES,
    check: further,
    ...sources,
  });
}

/** What the schema cannot say. */
function* further({ ca }: HubConfig): Iterable<Finding> {
  if (ca.passphrase !== undefined && ca.passphraseFile !== undefined)
    yield { path: ['ca', 'passphraseFile'], message: 'is given together with ca.passphrase; only one can hold' };
}
