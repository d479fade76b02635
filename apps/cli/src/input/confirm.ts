import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { QconnError } from '@qconn/protocol';
import type { Surroundings } from '../surroundings.ts';

/** Whether there is a person to ask. */
export function hasPerson({ stdin, stderr }: Surroundings): boolean {
  return stdin.isTTY === true && stderr.isTTY === true;
}

/**
 * Asks a person; anything but yes, and the end of the input, is no.
 * @throws QconnError `usage` where there is nobody to ask
 */
export async function confirm(question: string, surroundings: Surroundings): Promise<boolean> {
  if (!hasPerson(surroundings))
    throw new QconnError('usage', 'This has to be confirmed, and there is no terminal to ask at: add --yes.');
  const answer = await ask(`${question} [y/N] `, surroundings, surroundings.stderr);
  return /^y(es)?$/i.test(answer.trim());
}

/** Asks for a secret without showing what is typed. */
export async function askSecret(question: string, surroundings: Surroundings): Promise<string> {
  surroundings.stderr.write(question);
  const answer = await ask('', surroundings, { write: () => true });
  surroundings.stderr.write('\n');
  return answer.trim();
}

async function ask(
  question: string,
  { stdin }: Surroundings,
  screen: { write(text: string): unknown },
): Promise<string> {
  const output = new Writable({
    write(chunk, _encoding, done) {
      screen.write(String(chunk));
      done();
    },
  });
  const lines = createInterface({ input: stdin, output, terminal: stdin.isTTY === true });
  try {
    const ended = new Promise<string>((resolve) => void lines.once('close', () => resolve('')));
    return await Promise.race([lines.question(question), ended]);
  } finally {
    lines.close();
  }
}
