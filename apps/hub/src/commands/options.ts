import type { Command } from 'commander';
import type { Flags } from '@qconn/startup';
import { HUB_FLAGS, loadHubConfig, type HubConfig } from '../config/hub-config.ts';

/** Options of every command. */
export interface CommonOptions {
  readonly config?: string | undefined;
  readonly data?: string | undefined;
  readonly database?: string | undefined;
  readonly json?: boolean;
}

/** Options of `serve`. */
export interface ServeOptions extends CommonOptions {
  readonly init?: boolean;
  readonly host?: string;
  readonly quicPort?: string;
  readonly httpsPort?: string;
  readonly hosts?: string;
  readonly logLevel?: string;
}

export function withConfigOptions(command: Command): Command {
  return command
    .option('-c, --config <file>', 'YAML configuration file')
    .option('--data <folder>', 'folder of the CA and the embedded database (default ./qconn-data)')
    .option('--database <url>', 'PostgreSQL server instead of the embedded database; better given as DATABASE_URL')
    .option('--json', 'print JSON, one object a line');
}

export function withServeOptions(command: Command): Command {
  return withConfigOptions(command)
    .description('run the hub until SIGINT or SIGTERM')
    .option('--init', 'make the hub first if there is none')
    .option('--host <address>', 'IP address to listen at (default ::, which serves IPv4 too)')
    .option('--quic-port <port>', 'UDP port of QUIC (default 7443; 0: any)')
    .option('--https-port <port>', 'TCP port of the HTTPS API (default 7443; 0: any)')
    .option('--hosts <names>', 'comma-separated names and addresses under which clients reach this hub')
    .option('--log-level <level>', 'trace, debug, info, warn, error, fatal or silent (default info)');
}

/** The configuration of a command. @throws QconnError `config_invalid` */
export function configOf({ config, data, database }: CommonOptions): HubConfig {
  return serveConfigOf({ config, data, database });
}

/** The configuration of `serve`, which has flags of its own. @throws QconnError `config_invalid` */
export function serveConfigOf(options: ServeOptions): HubConfig {
  const values: Record<keyof typeof HUB_FLAGS, string | undefined> = {
    '--data': options.data,
    '--database': options.database,
    '--host': options.host,
    '--quic-port': options.quicPort,
    '--https-port': options.httpsPort,
    '--hosts': options.hosts,
    '--log-level': options.logLevel,
  };
  const flags: Flags = Object.fromEntries(
    Object.entries(HUB_FLAGS).map(([flag, path]) => [flag, { path, value: values[flag as keyof typeof HUB_FLAGS] }]),
  );
  return loadHubConfig({ file: options.config ?? process.env['QCONN_CONFIG'], environment: process.env, flags });
}
