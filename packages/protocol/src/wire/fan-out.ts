import { QconnError } from '../errors.ts';
import { FAN_OUT_MAX } from '../limits.ts';
import { MORE_TARGETS_FLAG } from './frame-rule.ts';
import { FrameType } from './frame-type.ts';
import type { Frame } from './frame.ts';
import { PackedReader } from './packed-reader.ts';
import type { PackedWriter } from './packed-writer.ts';
import { readRequest, writeRequest, type RequestFields } from './request.ts';

/**
 * One request to every permitted provider that is live. The frame's id *n* reserves the ids *n* + 1 … *n* + limit:
 * the exchange with the first target has id *n* + 1, and is an ordinary exchange from then on.
 */
export interface RequestAll extends RequestFields {
  /** Most targets, 1 … 256. */
  readonly limit: number;
  readonly body: Uint8Array;
}

/** What a RequestAll frame became. */
export interface Targets {
  /** Exchanges that the hub has opened, 1 … 256: those with the first ids of the reserved ones. */
  readonly count: number;
  /** There were more permitted providers than the limit. */
  readonly more: boolean;
}

/**
 * Writes a RequestAll frame.
 * @throws QconnError `bad_address`, `too_large`, or `invalid_request` for a deadline or limit out of range, or an empty key
 */
export function encodeRequestAll(writer: PackedWriter, id: number, request: RequestAll): Uint8Array {
  const { limit } = request;
  if (!Number.isInteger(limit) || limit < 1 || limit > FAN_OUT_MAX)
    throw new QconnError('invalid_request', `The limit of a fan-out is a whole number, 1 … ${FAN_OUT_MAX}.`);
  return writeRequest(writer, request).u16(limit).finish(FrameType.RequestAll, id, request.body);
}

/** Reads a RequestAll frame. @throws QconnError `bad_frame` */
export function decodeRequestAll(frame: Frame): RequestAll {
  const reader = new PackedReader(frame.control, 'RequestAll');
  const fields = readRequest(reader);
  const limit = readCount(reader);
  reader.end();
  return { ...fields, limit, body: frame.body };
}

/** Writes a Targets frame. */
export function encodeTargets(writer: PackedWriter, id: number, { count, more }: Targets): Uint8Array {
  return writer
    .begin()
    .u16(count)
    .finish(FrameType.Targets, id, undefined, more ? MORE_TARGETS_FLAG : 0);
}

/** Reads a Targets frame. @throws QconnError `bad_frame` */
export function decodeTargets(frame: Frame): Targets {
  const reader = new PackedReader(frame.control, 'Targets');
  const count = readCount(reader);
  reader.end();
  return { count, more: (frame.flags & MORE_TARGETS_FLAG) !== 0 };
}

function readCount(reader: PackedReader): number {
  const count = reader.u16();
  if (count === 0 || count > FAN_OUT_MAX) throw reader.bad(`${count} targets; there are 1 … ${FAN_OUT_MAX}`);
  return count;
}
