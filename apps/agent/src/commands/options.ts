import { Option, type Command } from 'commander';
import { CONFIG_FILE } from '../config/config-file.ts';

/** Options of every command that reads the configuration. The environment is read with it, not by commander. */
export function withConfigOptions(command: Command): Command {
  return command
    .addOption(
      new Option('-c, --config <file>', `configuration file; ${CONFIG_FILE} if it is there (or QCONN_AGENT_CONFIG)`),
    )
    .addOption(
      new Option('--credentials <folder>', 'folder of this machine’s key and certificate (or QCONN_AGENT_CREDENTIALS)'),
    )
    .addOption(
      new Option(
        '--passphrase-file <file>',
        'file of the passphrase under which they are encrypted (or QCONN_AGENT_CREDENTIALS_PASSPHRASE_FILE)',
      ),
    );
}

export function hubOption(): Option {
  return new Option('--hub <url>', 'HTTPS address of the hub, such as https://hub.example:8443 (or QCONN_AGENT_HUB)');
}

export function jsonOption(): Option {
  return new Option('--json', 'one JSON object on standard output instead of text');
}

export function logOptions(): [Option, Option] {
  return [
    new Option('--log-level <level>', 'trace, debug, info, warn, error, fatal or silent (or QCONN_AGENT_LOG_LEVEL)'),
    new Option('--log-format <format>', 'auto, json or pretty (or QCONN_AGENT_LOG_FORMAT)'),
  ];
}
