import { isDeviceName, isServiceType } from '../address.ts';
import { ADDRESS_PART_MAX_BYTES, HEADER_BLOCK_MAX_BYTES, IDEMPOTENCY_KEY_MAX_BYTES } from '../limits.ts';
import { checkDuration, readDuration } from './duration.ts';
import { INQUIRY_FLAG, REDELIVERED_FLAG } from './frame-rule.ts';
import { FrameType } from './frame-type.ts';
import type { Frame } from './frame.ts';
import { LastRead } from './last-read.ts';
import { LastWritten } from './last-written.ts';
import { PackedReader } from './packed-reader.ts';
import type { PackedWriter } from './packed-writer.ts';
import { readStreamedBody, streamedFlag, writeStreamedBody, type StreamedBody } from './streamed-body.ts';

/** A request as its provider gets it. `from` is written by the hub, never by the sender. */
export interface Deliver {
  readonly from: { readonly fingerprint: string; readonly hostname: string | undefined };
  readonly serviceType: string;
  readonly device: string;
  /** Time from the acknowledgement to the result, in milliseconds. */
  readonly jobMs: number;
  readonly idempotencyKey: string | undefined;
  /** True when the hub has sent this exchange before and saw no acknowledgement. */
  readonly redelivered: boolean;
  /** Nothing is to be run: what became of the job under this idempotency key? */
  readonly inquiry: boolean;
  readonly headers: Uint8Array;
  /** Empty when the body is streamed. */
  readonly body: Uint8Array;
  readonly streamed?: StreamedBody | undefined;
}

const lastRead = new LastRead(4, readEnds);
const lastWritten = new LastWritten();

/** Writes a Deliver frame. @throws QconnError `too_large`, or `invalid_request` for a deadline out of range */
export function encodeDeliver(writer: PackedWriter, id: number, deliver: Deliver): Uint8Array {
  const { streamed } = deliver;
  const { fingerprint, hostname = '' } = deliver.from;
  lastWritten
    .write(writer.begin(), fingerprint, hostname, deliver.serviceType, deliver.device)
    .u32(checkDuration(deliver.jobMs, 'job deadline'))
    .text8(deliver.idempotencyKey ?? '', IDEMPOTENCY_KEY_MAX_BYTES)
    .bytes16(deliver.headers, HEADER_BLOCK_MAX_BYTES);
  if (streamed !== undefined) writeStreamedBody(writer, streamed);
  const flags =
    streamedFlag(streamed) | (deliver.redelivered ? REDELIVERED_FLAG : 0) | (deliver.inquiry ? INQUIRY_FLAG : 0);
  return writer.finish(FrameType.Deliver, id, deliver.body, flags);
}

/** Reads a Deliver frame. @throws QconnError `bad_frame` */
export function decodeDeliver(frame: Frame): Deliver {
  const reader = new PackedReader(frame.control, 'Deliver');
  const { from, serviceType, device } = lastRead.read(reader);
  const jobMs = readDuration(reader, 'job deadline');
  const idempotencyKey = reader.text8(IDEMPOTENCY_KEY_MAX_BYTES) || undefined;
  const headers = reader.bytes16(HEADER_BLOCK_MAX_BYTES);
  const streamed = readStreamedBody(frame, reader);
  reader.end();
  const redelivered = (frame.flags & REDELIVERED_FLAG) !== 0;
  const inquiry = (frame.flags & INQUIRY_FLAG) !== 0;
  if (inquiry && idempotencyKey === undefined) throw reader.bad('no idempotency key to inquire after');
  return {
    from,
    serviceType,
    device,
    jobMs,
    idempotencyKey,
    redelivered,
    inquiry,
    headers,
    body: frame.body,
    streamed,
  };
}

/** From whom, and for what. */
function readEnds(reader: PackedReader): Pick<Deliver, 'from' | 'serviceType' | 'device'> {
  const fingerprint = reader.text8(ADDRESS_PART_MAX_BYTES);
  const hostname = reader.text8(ADDRESS_PART_MAX_BYTES) || undefined;
  const serviceType = reader.text8(ADDRESS_PART_MAX_BYTES);
  const device = reader.text8(ADDRESS_PART_MAX_BYTES);
  if (fingerprint === '') throw reader.bad('no origin');
  if (!isServiceType(serviceType)) throw reader.bad('a malformed service type');
  if (!isDeviceName(device)) throw reader.bad('a malformed device');
  // Frozen, since one object is given to many handlers.
  return { from: Object.freeze({ fingerprint, hostname }), serviceType, device };
}
