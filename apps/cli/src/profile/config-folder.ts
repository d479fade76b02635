import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { Surroundings } from '../surroundings.ts';

/** The folder of the command line's own files: `qconn` in XDG_CONFIG_HOME, which is ~/.config when it is not set. */
export function configFolder(env: Surroundings['env']): string {
  const base = env['XDG_CONFIG_HOME'] ?? '';
  // The XDG base directory specification: a relative path is to be ignored.
  return join(isAbsolute(base) ? base : join(env['HOME'] ?? homedir(), '.config'), 'qconn');
}

/** Where `send`, `query` and `enroll` keep a machine's credential unless told otherwise. */
export function credentialFolder(given: string | undefined, env: Surroundings['env']): string {
  const fromEnvironment = env['QCONN_CREDENTIALS'] ?? '';
  return given ?? (fromEnvironment === '' ? join(configFolder(env), 'credentials') : fromEnvironment);
}
