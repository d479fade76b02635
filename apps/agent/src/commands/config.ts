import { systemClock } from '@qconn/clock';
import { EXIT_OK } from '@qconn/startup';
import { createAdapter } from '../adapters/create-adapter.ts';
import { agentSchema } from '../config/agent-schema.ts';
import { configFile } from '../config/config-file.ts';
import { readConfig, type ConfigFlags } from '../config/read-config.ts';
import { lines } from '../control/status-text.ts';

export interface ConfigCheckFlags extends ConfigFlags {
  readonly json?: boolean;
}

/** `qconn-agent config check`. @returns the exit code @throws QconnError `config_invalid` */
export function configCheckCommand(flags: ConfigCheckFlags): number {
  const config = readConfig(flags, ['hub', 'credentials']);
  if (flags.json === true) {
    process.stdout.write(`${JSON.stringify(config)}\n`);
    return EXIT_OK;
  }
  const devices = config.devices.map(({ name, serviceTypes, adapter, concurrency }): [string, string] => [
    `device ${name}`,
    `${serviceTypes.join(', ')} through ${createAdapter(adapter, { clock: systemClock }).target}, ${concurrency} at once`,
  ]);
  const rows: [string, string][] = [['hub', config.hub], ['credentials', config.credentials], ...devices];
  process.stdout.write(lines(`The configuration has no mistakes${inFile(flags)}.`, rows));
  return EXIT_OK;
}

/** `qconn-agent config schema`: JSON Schema, for editors. @returns the exit code */
export function configSchemaCommand(): number {
  process.stdout.write(`${JSON.stringify(agentSchema(['hub', 'credentials']), undefined, 2)}\n`);
  return EXIT_OK;
}

function inFile({ config }: ConfigFlags): string {
  const file = configFile(config, process.env);
  return file === undefined ? ' (no file; environment and flags only)' : ` (${file})`;
}
