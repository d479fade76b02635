import type { ErrorFields } from './error-fields.ts';

/**
 * An error for a person to read: what happened, because of what, what to do, the code; and the stack if the fields have
 * one. The first line is the message alone.
 */
export function errorLines(error: ErrorFields): string[] {
  const lines = [error.message || error.type];
  for (let { cause } = error; cause !== undefined; cause = cause.cause) {
    const code = cause.code === undefined || cause.message.includes(cause.code) ? '' : ` (${cause.code})`;
    // Some say what came of something in its own words.
    if (cause.message === '' || !lines.at(-1)?.includes(cause.message))
      lines.push(`because: ${cause.message || cause.type}${code}`);
  }
  if (error.action !== undefined) lines.push(`what to do: ${error.action}`);
  if (error.code !== undefined) lines.push(`code: ${error.code}`);
  const stack = error.stack?.split('\n').slice(1) ?? [];
  return [...lines, ...stack.map((line) => line.trim())];
}
