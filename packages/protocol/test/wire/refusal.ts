import { expect } from 'vitest';
import { isQconnError, type ErrorCode } from '@qconn/protocol';

/** Asserts that a call throws a QconnError with this code, and nothing else. */
export function expectRefusal(code: ErrorCode, call: () => unknown): void {
  let thrown: unknown = 'nothing';
  try {
    call();
  } catch (error) {
    thrown = error;
  }
  if (!isQconnError(thrown)) expect(thrown, 'a QconnError').toMatchObject({ code });
  else expect(thrown.code, thrown.message).toBe(code);
}
