import { systemClock } from '@qconn/clock';
import { EXIT_FAILED, EXIT_OK } from '@qconn/startup';
import { credentialStore } from '../config/credential-store.ts';
import { readConfig, type ConfigFlags } from '../config/read-config.ts';
import { readStatus } from '../control/read-status.ts';
import { statusText } from '../control/status-text.ts';

export interface StatusFlags extends ConfigFlags {
  readonly json?: boolean;
  readonly check?: boolean;
}

/** No agent runs, as LSB and `systemctl status` have it. */
const EXIT_NOT_RUNNING = 3;

/** `qconn-agent status`. @returns the exit code @throws QconnError */
export async function statusCommand(flags: StatusFlags): Promise<number> {
  const config = readConfig(flags, ['credentials']);
  const status = await readStatus(config.credentials, await credentialStore(config));
  process.stdout.write(flags.json === true ? `${JSON.stringify(status)}\n` : statusText(status, systemClock.now()));
  if (!status.running) return EXIT_NOT_RUNNING;
  return flags.check === true && status.phase !== 'online' ? EXIT_FAILED : EXIT_OK;
}
