import { isQconnError } from '@qconn/protocol';

/** What a check found. */
export interface Finding {
  /** What was looked at: `hub name`. */
  readonly check: string;
  readonly state: 'ok' | 'warning' | 'failed' | 'skipped';
  readonly detail: string;
  /** What to do; for warnings and failures. */
  readonly action?: string;
}

/** Things that are as they should be. */
export function ok(check: string, detail: string): Finding {
  return { check, state: 'ok', detail };
}

/** Something that works now and will not for long, or not as expected. */
export function warning(check: string, detail: string, action: string): Finding {
  return { check, state: 'warning', detail, action };
}

/** Something that does not work. */
export function failure(check: string, detail: string, action: string): Finding {
  return { check, state: 'failed', detail, action };
}

/** What could not be looked at because something before it failed. */
export function skipped(check: string, because: string): Finding {
  return { check, state: 'skipped', detail: because };
}

/** A failure from whatever was thrown. */
export function thrown(check: string, error: unknown, action?: string): Finding {
  if (isQconnError(error)) return failure(check, `${error.message} (${error.code})`, action ?? error.action);
  return failure(check, error instanceof Error ? error.message : String(error), action ?? 'See the message.');
}
