import { existsSync } from 'node:fs';

/** The file that is read when none is named, if it is there. */
export const CONFIG_FILE = '/etc/qconn/agent.yaml';

/** Variable that names the file; so it is no setting itself. */
export const FILE_VARIABLE = 'QCONN_AGENT_CONFIG';

/** The file to read; `undefined` when there is none. @param flag what the command line named */
export function configFile(flag: string | undefined, environment: NodeJS.ProcessEnv): string | undefined {
  return flag ?? (environment[FILE_VARIABLE] || undefined) ?? (existsSync(CONFIG_FILE) ? CONFIG_FILE : undefined);
}
