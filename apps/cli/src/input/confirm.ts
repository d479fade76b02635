import { createInterface } from 'node:readline';
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
  const answer = await ask(`${question} [y/N] `, surroundings);
  return /^y(es)?$/i.test(answer.trim());
}

/** Asks for a secret without showing what is typed. */
export async function askSecret(question: string, surroundings: Surroundings): Promise<string> {
  const answer = await ask(question, surroundings, 'hidden');
  surroundings.stderr.write('\n');
  return answer.trim();
}

async function ask(
  question: string,
  { stdin, stderr }: Surroundings,
  typed: 'shown' | 'hidden' = 'shown',
): Promise<string> {
  const output = new Writable({
    write(chunk, _encoding, done) {
      if (typed === 'shown') stderr.write(String(chunk));
      done();
    },
  });
  // The reader comes first: it turns the terminal's own echo off, and typing may begin with the question.
  const lines = createInterface({ input: stdin, output, terminal: stdin.isTTY === true });
  const { promise: answer, resolve } = Promise.withResolvers<string>();
  lines.once('line', resolve).once('close', () => resolve(''));
  lines.setPrompt(question);
  if (typed === 'hidden') stderr.write(question);
  lines.prompt();
  try {
    return await answer;
  } finally {
    lines.close();
  }
}
