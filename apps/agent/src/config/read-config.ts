import path from 'node:path';
import { isQconnError, QconnError } from '@qconn/protocol';
import { loadConfig, type ConfigSources, type Flags } from '@qconn/startup';
import type { AdapterSettings } from '../adapters/create-adapter.ts';
import type { AgentConfig, Needed } from './agent-config.ts';
import { CONFIG_FILE, configFile, FILE_VARIABLE } from './config-file.ts';
import { agentSchema } from './agent-schema.ts';
import { furtherMistakes } from './further-mistakes.ts';

const ENVIRONMENT_PREFIX = 'QCONN_AGENT_';

/** What the command line gave; see options.ts. */
export interface ConfigFlags {
  readonly config?: string;
  readonly hub?: string;
  readonly credentials?: string;
  readonly hostname?: string;
  readonly passphraseFile?: string;
  readonly logLevel?: string;
  readonly logFormat?: string;
}

/**
 * Reads the configuration: file, then `QCONN_AGENT_…`, then flags. Relative paths in the file start from its
 * folder, all others from the current one.
 * @throws QconnError `config_invalid` with every mistake
 */
export function readConfig(
  flags: ConfigFlags,
  needed: readonly Needed[],
  environment: NodeJS.ProcessEnv = process.env,
): AgentConfig {
  const { [FILE_VARIABLE]: _file, ...settings } = environment;
  const file = configFile(flags.config, environment);
  const sources = {
    schema: agentSchema(needed),
    file,
    environment: {
      ...settings,
      ...absolute(`${ENVIRONMENT_PREFIX}CREDENTIALS`, settings),
      ...absolute(`${ENVIRONMENT_PREFIX}CREDENTIALS_PASSPHRASE_FILE`, settings),
    },
    environmentPrefix: ENVIRONMENT_PREFIX,
    flags: settingsOf(flags),
    check: furtherMistakes,
  };
  const config = file === undefined ? withoutFile(sources) : loadConfig(sources);
  return withAbsolutePaths(config, path.dirname(path.resolve(file ?? 'none')));
}

/** What is missing is then most likely the file. */
function withoutFile(sources: ConfigSources<AgentConfig>): AgentConfig {
  try {
    return loadConfig(sources);
  } catch (error) {
    if (!isQconnError(error, 'config_invalid')) throw error;
    const hint = `No configuration file was read: name one with --config; ${CONFIG_FILE} is not there.`;
    throw new QconnError('config_invalid', `${error.message}\n${hint}`, { facts: error.facts });
  }
}

function settingsOf({ hub, credentials, passphraseFile, hostname, logLevel, logFormat }: ConfigFlags): Flags {
  return {
    '--hub': { path: 'hub', value: hub },
    '--credentials': { path: 'credentials', value: credentials && path.resolve(credentials) },
    '--passphrase-file': {
      path: 'credentialsPassphraseFile',
      value: passphraseFile && path.resolve(passphraseFile),
    },
    '--hostname': { path: 'hostname', value: hostname },
    '--log-level': { path: 'log.level', value: logLevel },
    '--log-format': { path: 'log.format', value: logFormat },
  };
}

function absolute(name: string, environment: NodeJS.ProcessEnv): Record<string, string> {
  const value = environment[name];
  return value === undefined || value === '' ? {} : { [name]: path.resolve(value) };
}

function withAbsolutePaths(config: AgentConfig, folder: string): AgentConfig {
  const devices = config.devices.map((device) => ({ ...device, adapter: adapterFrom(device.adapter, folder) }));
  // A command that does not need the folder may be without one.
  const credentials = config.credentials && path.resolve(folder, config.credentials);
  const outboxes = config.outboxes.map((outbox) => ({ ...outbox, folder: path.resolve(folder, outbox.folder) }));
  const { credentialsPassphraseFile: file } = config;
  const passphrase = file === undefined ? {} : { credentialsPassphraseFile: path.resolve(folder, file) };
  return { ...config, ...passphrase, credentials, devices, outboxes };
}

function adapterFrom(adapter: AdapterSettings, folder: string): AdapterSettings {
  if ((adapter.type !== 'exec' && adapter.type !== 'file') || adapter.folder === undefined) return adapter;
  return { ...adapter, folder: path.resolve(folder, adapter.folder) };
}
