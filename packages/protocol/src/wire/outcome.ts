import { errorCodeOfWire, QconnError } from '../errors.ts';
import { ERROR_TABLE, type ErrorCode } from '../error-table.ts';
import { REASON_MAX_BYTES } from '../limits.ts';
import { FrameType } from './frame-type.ts';
import type { Frame } from './frame.ts';
import { PackedReader } from './packed-reader.ts';
import type { PackedWriter } from './packed-writer.ts';

/** Why an exchange ended without a result. */
export interface Outcome {
  readonly code: ErrorCode;
  /** For people; empty for the code's own summary. */
  readonly reason: string;
  /** When to try again, in milliseconds; 0 where nobody knows. */
  readonly retryAfterMs: number;
}

/** Writes an Outcome frame; a reason over 1,024 bytes is cut. */
export function encodeOutcome(writer: PackedWriter, id: number, outcome: Outcome): Uint8Array {
  return writer
    .begin()
    .u16(ERROR_TABLE[outcome.code].wire)
    .u32(Math.min(Math.max(0, Math.ceil(outcome.retryAfterMs)), 0xffff_ffff))
    .text16(cutReason(outcome.reason), REASON_MAX_BYTES)
    .finish(FrameType.Outcome, id);
}

/** Reads an Outcome frame; a code that this version does not know is `internal` with the number in its reason. */
export function decodeOutcome(frame: Frame): Outcome {
  const reader = new PackedReader(frame.control, 'Outcome');
  const wire = reader.u16();
  const retryAfterMs = reader.u32();
  const reason = reader.text16(REASON_MAX_BYTES);
  reader.end();
  const code = errorCodeOfWire(wire);
  if (code === undefined) return { code: 'internal', reason: `Unknown outcome ${wire}: ${reason}`, retryAfterMs };
  return { code, reason, retryAfterMs };
}

/** The error that reports an outcome to people and programs. */
export function outcomeError(outcome: Outcome): QconnError {
  const details = outcome.retryAfterMs > 0 ? { retryAfterMs: outcome.retryAfterMs } : {};
  return new QconnError(outcome.code, outcome.reason || undefined, details);
}

/** Cuts a reason to what a frame or a close carries: at most 1,024 bytes of UTF-8 whatever its characters. */
export function cutReason(reason: string): string {
  const units = Math.floor(REASON_MAX_BYTES / 3);
  return reason.length <= units ? reason : `${reason.slice(0, units - 1).toWellFormed()}…`;
}
