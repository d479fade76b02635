import { QconnError } from '@qconn/protocol';
import type { Surroundings } from '../surroundings.ts';
import { askSecret, hasPerson } from './confirm.ts';
import { readStream } from './read-stream.ts';

/** A secret has about a hundred characters. */
const SECRET_MAX_BYTES = 4_096;

/** Where a secret may come from. */
export interface SecretSources {
  /** What the command line gave: the secret, or `-` for standard input. */
  readonly given: string | undefined;
  /** Environment variable. */
  readonly variable: string;
  /** Such as `bootstrap secret or API key`. */
  readonly what: string;
}

/**
 * Takes a secret from the command line, else from the environment, else asks for it, so that it need not
 * stand in the shell's history.
 * @throws QconnError `usage` when there is none
 */
export async function secretInput(
  { given, variable, what }: SecretSources,
  surroundings: Surroundings,
): Promise<string> {
  const fromEnvironment = surroundings.env[variable] ?? '';
  if (given !== undefined && given !== '-') return given.trim();
  if (given === undefined && fromEnvironment !== '') return fromEnvironment.trim();
  if (hasPerson(surroundings)) return askSecret(`${what}: `, surroundings);
  if (given === '-')
    return Buffer.from(await readStream(surroundings.stdin, SECRET_MAX_BYTES, 'Standard input'))
      .toString('utf8')
      .trim();
  throw new QconnError(
    'usage',
    `There is no ${what}: give it as an argument, as ${variable} in the environment, or as - to read it from standard input.`,
  );
}
