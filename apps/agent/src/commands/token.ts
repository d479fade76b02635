import { QconnError } from '@qconn/protocol';
import { readInput } from './read-input.ts';

/** Where the command line says that the token is. */
export interface TokenFlags {
  readonly token?: string;
  readonly tokenFile?: string;
}

/** Most bytes that are read as a token: it has about a hundred. */
const TOKEN_MAX_BYTES = 4_096;

/** The enrolment token: flag, file, standard input, or `QCONN_TOKEN`. @throws QconnError `usage` */
export function readToken({ token, tokenFile }: TokenFlags, environment: NodeJS.ProcessEnv): string {
  if (token !== undefined && tokenFile !== undefined)
    throw new QconnError('usage', 'Give either --token or --token-file, not both.');
  if (token !== undefined) return token.trim();
  if (tokenFile !== undefined) return firstWord(readInput(tokenFile, 'token file'), tokenFile);
  const fromEnvironment = environment['QCONN_TOKEN']?.trim();
  if (fromEnvironment) return fromEnvironment;
  throw new QconnError(
    'usage',
    'An enrolment token is needed: --token, --token-file or QCONN_TOKEN. An administrator makes one with `qconn token create`.',
  );
}

function firstWord(content: Buffer, file: string): string {
  const name = file === '-' ? 'Standard input' : `The token file ${file}`;
  if (content.length > TOKEN_MAX_BYTES) throw new QconnError('usage', `${name} is too long to be a token.`);
  const text = content.toString('utf8').trim();
  if (text === '') throw new QconnError('usage', `${name} is empty.`);
  return text;
}
