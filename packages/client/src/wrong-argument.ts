import { QconnError } from '@qconn/protocol';

/**
 * The types forbid it, but programs are written in JavaScript too: a mistake is told where it is made and by its name,
 * and nothing of it goes on its way.
 * @param what is wrong, such as `signal`
 * @param wanted what belongs there, such as `an AbortSignal`
 */
export function wrongArgument(what: string, wanted: string, given: unknown): QconnError {
  return new QconnError('invalid_request', `${what} has to be ${wanted}, not ${shown(given)}.`);
}

/** Never the text itself: it may be a secret that was put in the wrong place. */
function shown(given: unknown): string {
  if (given === null || given === undefined) return String(given);
  if (typeof given === 'number' || typeof given === 'boolean') return String(given);
  if (given === '') return 'empty';
  if (typeof given !== 'object') return `a ${typeof given}`;
  const name: unknown = Object.getPrototypeOf(given)?.constructor?.name;
  return typeof name === 'string' && name !== '' ? `an object of ${name}` : 'an object';
}
