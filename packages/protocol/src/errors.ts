import { ERROR_TABLE, type ErrorCode } from './error-table.ts';

/** What a {@link QconnError} may be told beyond its code and message. */
export interface ErrorDetails {
  /** The error that led to this one. */
  readonly cause?: unknown;
  /** How long to wait before trying again, in milliseconds, where the refusing side knows it. */
  readonly retryAfterMs?: number;
  /** Structured facts for machines, such as `{ holder: 'qc1…' }`. Never a secret. */
  readonly facts?: Readonly<Record<string, string | number | boolean>>;
}

/**
 * Every error that qconn reports. `code` is stable and listed in docs/errors.md; the message says
 * what happened and to whom; `action` says what to do about it. Both are own properties, so that whatever prints an
 * error, such as Node for one that nobody caught, prints them as well.
 */
export class QconnError extends Error {
  override readonly name = 'QconnError';
  readonly code: ErrorCode;
  /** What the person who reads this should do. */
  readonly action: string;
  /** Whether trying the same thing again cannot cause it to happen twice. */
  readonly retrySafe: boolean;
  readonly retryAfterMs: number | undefined;
  readonly facts: Readonly<Record<string, string | number | boolean>>;

  /**
   * @param code a row of the error table
   * @param message what happened and to whom; the row's summary when left out
   * @param details cause, retry-after and facts
   */
  constructor(code: ErrorCode, message?: string, details: ErrorDetails = {}) {
    const { summary, action, retrySafe } = ERROR_TABLE[code];
    super(message ?? summary, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.action = action;
    this.retrySafe = retrySafe;
    this.retryAfterMs = details.retryAfterMs;
    this.facts = details.facts ?? {};
  }

  /** The HTTP status with which the hub's API reports it. */
  get httpStatus(): number {
    return ERROR_TABLE[this.code].http;
  }

  /** The number that stands for the code in frames, stream resets and connection closes. */
  get wire(): number {
    return ERROR_TABLE[this.code].wire;
  }
}

/** The code behind a wire number, or `undefined` for a number that this version does not know. */
export function errorCodeOfWire(wire: number): ErrorCode | undefined {
  return codeByWire.get(wire);
}

/** True for a {@link QconnError}, with the given code if one is given. */
export function isQconnError(error: unknown, code?: ErrorCode): error is QconnError {
  return error instanceof QconnError && (code === undefined || error.code === code);
}

const codeByWire: ReadonlyMap<number, ErrorCode> = new Map(
  Object.entries(ERROR_TABLE).map(([code, row]) => [row.wire, code as ErrorCode]),
);
