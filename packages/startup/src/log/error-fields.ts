import { inspect } from 'node:util';
import { isQconnError } from '@qconn/protocol';

/** Deepest chain of causes that is written. */
const CAUSES_MAX = 8;

/** An error as a log line holds it. */
export interface ErrorFields {
  readonly type: string;
  readonly message: string;
  readonly code?: string;
  readonly action?: string;
  readonly retryAfterMs?: number;
  readonly facts?: Readonly<Record<string, string | number | boolean>>;
  readonly stack?: string;
  readonly cause?: ErrorFields;
}

/**
 * An error's fields. A QconnError tells what happened by its code, and what the system refuses (a connection, a file)
 * by the system's words, so their stacks are left out unless asked for; any other error is a fault of ours and keeps it.
 */
export function errorFields(error: unknown, withStacks: boolean, depth = 0): ErrorFields {
  if (!(error instanceof Error)) return { type: typeof error, message: textOf(error) };
  const cause =
    error.cause === undefined || depth >= CAUSES_MAX ? {} : { cause: errorFields(error.cause, withStacks, depth + 1) };
  const base = { type: error.name, message: error.message };
  if (isQconnError(error)) {
    const { code, action, retryAfterMs, facts } = error;
    const retry = retryAfterMs === undefined ? {} : { retryAfterMs };
    const told = Object.keys(facts).length === 0 ? {} : { facts };
    return { ...base, code, action, ...retry, ...told, ...stackOf(error, withStacks), ...cause };
  }
  const { code, syscall } = error as NodeJS.ErrnoException;
  const ours = syscall === undefined || depth === 0;
  return { ...base, ...(typeof code === 'string' ? { code } : {}), ...stackOf(error, withStacks || ours), ...cause };
}

function stackOf(error: Error, wanted: boolean): { stack?: string } {
  return wanted && error.stack !== undefined ? { stack: error.stack } : {};
}

/** Whatever was thrown: WebAssembly throws objects that are no errors, and whose text is [object Object]. */
function textOf(thrown: unknown): string {
  return typeof thrown === 'string' ? thrown : inspect(thrown, { depth: 0, breakLength: Infinity });
}
