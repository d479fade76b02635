import { QconnError } from '@qconn/protocol';
import { MISTAKES_LISTED_MAX } from './limits.ts';

/** One thing wrong with a document that somebody wrote. */
export interface Mistake {
  /** Where: `grants[2].serviceTypes[0]`; empty for the document itself. */
  readonly path: string;
  /** What, in words. */
  readonly message: string;
}

/** Gathers mistakes, so that whoever wrote the document can correct them all at once. */
export class Mistakes {
  readonly list: Mistake[] = [];

  add(path: string, message: string): void {
    this.list.push({ path, message });
  }

  /** @throws QconnError `invalid_request` when there are any */
  throwIfAny(what: string): void {
    if (this.list.length === 0) return;
    const listed = this.list.slice(0, MISTAKES_LISTED_MAX).map(({ path, message }) => `${path || what}: ${message}`);
    const rest = this.list.length - listed.length;
    if (rest > 0) listed.push(`and ${rest} more`);
    throw new QconnError('invalid_request', `${what} is not valid:\n  ${listed.join('\n  ')}`);
  }
}

/** A value as people wrote it, cut short: mistakes quote what others sent. */
export function quoted(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 64 ? text : `${text.slice(0, 60)}… (${text.length} characters)`;
}
