import { errorCodeOfWire, QconnError } from '../errors.ts';
import { ERROR_TABLE, type ErrorCode } from '../error-table.ts';
import { HEADER_BLOCK_MAX_BYTES } from '../limits.ts';
import { checkDuration, readDuration } from './duration.ts';
import { JSON_FLAG, STAGES_FLAG } from './frame-rule.ts';
import { FrameType } from './frame-type.ts';
import type { Frame } from './frame.ts';
import { PackedReader } from './packed-reader.ts';
import type { PackedWriter } from './packed-writer.ts';
import { readFinalStages, writeStages, type PassedStages, type StageSet } from './stages.ts';
import { readStreamedBody, streamedFlag, writeStreamedBody, type StreamedBody } from './streamed-body.ts';

/** A result: packed headers and a body. */
export interface Response {
  readonly headers: Uint8Array;
  /** Empty when the body is streamed. */
  readonly body: Uint8Array;
  readonly streamed?: StreamedBody | undefined;
}

/** A result as its sender gets it: with the stages that passed since the hub told of any. */
export interface FinalResponse extends Response {
  readonly stages: PassedStages | undefined;
}

/** A sign of progress: bytes of which provider and sender know the meaning, or a JSON text. */
export interface Progress {
  readonly body: Uint8Array;
  readonly json: boolean;
}

/** Writes an Ack frame: no fields. */
export function encodeAck(writer: PackedWriter, id: number): Uint8Array {
  return writer.begin().finish(FrameType.Ack, id);
}

/** Writes a Response frame. @param stages the hub's, to the sender @throws QconnError `too_large` */
export function encodeResponse(writer: PackedWriter, id: number, response: Response, stages?: StageSet): Uint8Array {
  const { streamed } = response;
  writer.begin().bytes16(response.headers, HEADER_BLOCK_MAX_BYTES);
  if (streamed !== undefined) writeStreamedBody(writer, streamed);
  if (stages === undefined) return writer.finish(FrameType.Response, id, response.body, streamedFlag(streamed));
  writeStages(writer, stages);
  return writer.finish(FrameType.Response, id, response.body, streamedFlag(streamed) | STAGES_FLAG);
}

/** Reads a provider's Response frame. @throws QconnError `bad_frame`, also for stages, which are the hub's to tell */
export function decodeResponse(frame: Frame): Response {
  const response = decodeFinalResponse(frame);
  if (response.stages !== undefined) throw new QconnError('bad_frame', 'A provider’s Response frame has stages.');
  return response;
}

/** Reads the hub's Response frame. @throws QconnError `bad_frame` */
export function decodeFinalResponse(frame: Frame): FinalResponse {
  const reader = new PackedReader(frame.control, 'Response');
  const headers = reader.bytes16(HEADER_BLOCK_MAX_BYTES);
  const streamed = readStreamedBody(frame, reader);
  const stages = readFinalStages(frame, reader);
  reader.end();
  return { headers, body: frame.body, streamed, stages };
}

/** Writes a Progress frame. @throws QconnError `too_large` */
export function encodeProgress(writer: PackedWriter, id: number, { body, json }: Progress): Uint8Array {
  return writer.begin().finish(FrameType.Progress, id, body, json ? JSON_FLAG : 0);
}

/** Reads a Progress frame. */
export function decodeProgress(frame: Frame): Progress {
  return { body: frame.body, json: (frame.flags & JSON_FLAG) !== 0 };
}

/** Writes an Extend frame. @param ms time asked for from now on, 1 … 86,400,000 @throws QconnError `invalid_request` */
export function encodeExtend(writer: PackedWriter, id: number, ms: number): Uint8Array {
  return writer.begin().u32(checkDuration(ms, 'extension')).finish(FrameType.Extend, id);
}

/** Reads an Extend frame. @throws QconnError `bad_frame` */
export function decodeExtend(frame: Frame): number {
  const reader = new PackedReader(frame.control, 'Extend');
  const ms = readDuration(reader, 'extension');
  reader.end();
  return ms;
}

/** Writes a Cancel frame. @param code why: `cancelled`, `deadline_exceeded`, `revoked`, … */
export function encodeCancel(writer: PackedWriter, id: number, code: ErrorCode): Uint8Array {
  return writer.begin().u16(ERROR_TABLE[code].wire).finish(FrameType.Cancel, id);
}

/** Reads a Cancel frame; an unknown code counts as `cancelled`. @throws QconnError `bad_frame` */
export function decodeCancel(frame: Frame): ErrorCode {
  const reader = new PackedReader(frame.control, 'Cancel');
  const wire = reader.u16();
  reader.end();
  return errorCodeOfWire(wire) ?? 'cancelled';
}
