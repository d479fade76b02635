import { errorCodeOfWire, QconnError } from '../errors.ts';
import { ERROR_TABLE, type ErrorCode } from '../error-table.ts';
import { REASON_MAX_BYTES } from '../limits.ts';
import { STAGES_FLAG } from './frame-rule.ts';
import { FrameType } from './frame-type.ts';
import type { Frame } from './frame.ts';
import { PackedReader } from './packed-reader.ts';
import type { PackedWriter } from './packed-writer.ts';
import { readFinalStages, writeStages, type PassedStages, type StageSet } from './stages.ts';

/** Why an exchange ended without a result. */
export interface Outcome {
  readonly code: ErrorCode;
  /** For people; empty for the code's own summary. */
  readonly reason: string;
  /** When to try again, in milliseconds; 0 where nobody knows. */
  readonly retryAfterMs: number;
}

/** An outcome as its sender gets it: with the stages that passed since the hub told of any. */
export interface FinalOutcome extends Outcome {
  readonly stages: PassedStages | undefined;
}

/** Writes an Outcome frame; a reason over 1,024 bytes is cut. @param stages the hub's, to the sender */
export function encodeOutcome(writer: PackedWriter, id: number, outcome: Outcome, stages?: StageSet): Uint8Array {
  writer
    .begin()
    .u16(ERROR_TABLE[outcome.code].wire)
    .u32(Math.min(Math.max(0, Math.ceil(outcome.retryAfterMs)), 0xffff_ffff))
    .text16(cutReason(outcome.reason), REASON_MAX_BYTES);
  if (stages === undefined) return writer.finish(FrameType.Outcome, id);
  return writeStages(writer, stages).finish(FrameType.Outcome, id, undefined, STAGES_FLAG);
}

/** Reads a provider's Outcome frame. @throws QconnError `bad_frame`, also for stages, which are the hub's to tell */
export function decodeOutcome(frame: Frame): Outcome {
  const { stages, ...outcome } = decodeFinalOutcome(frame);
  if (stages !== undefined) throw new QconnError('bad_frame', 'A provider’s Outcome frame has stages.');
  return outcome;
}

/** Reads the hub's Outcome frame; a code that this version does not know is `internal` with the number in its reason. */
export function decodeFinalOutcome(frame: Frame): FinalOutcome {
  const reader = new PackedReader(frame.control, 'Outcome');
  const wire = reader.u16();
  const retryAfterMs = reader.u32();
  const reason = reader.text16(REASON_MAX_BYTES);
  const stages = readFinalStages(frame, reader);
  reader.end();
  const code = errorCodeOfWire(wire);
  if (code !== undefined) return { code, reason, retryAfterMs, stages };
  return { code: 'internal', reason: `Unknown outcome ${wire}: ${reason}`, retryAfterMs, stages };
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
