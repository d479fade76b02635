import { CredentialStore } from '@qconn/identity';
import { systemClock } from '@qconn/clock';
import { EXIT_FAILED, EXIT_OK } from '@qconn/startup';
import { readConfig, type ConfigFlags } from '../config/read-config.ts';
import { readStatus } from '../control/read-status.ts';
import { statusText } from '../control/status-text.ts';

export interface StatusFlags extends ConfigFlags {
  readonly json?: boolean;
  readonly check?: boolean;
}

/** `qconn-agent status`. @returns the exit code @throws QconnError */
export async function statusCommand(flags: StatusFlags): Promise<number> {
  const { credentials } = readConfig(flags, ['credentials']);
  const status = await readStatus(credentials, new CredentialStore(credentials));
  process.stdout.write(flags.json === true ? `${JSON.stringify(status)}\n` : statusText(status, systemClock.now()));
  const online = status.running && status.phase === 'online';
  return flags.check === true && !online ? EXIT_FAILED : EXIT_OK;
}
