import { checkAddress, isDeviceName, isHostname, isServiceType, type Address } from '../address.ts';
import { QconnError } from '../errors.ts';
import {
  ADDRESS_PART_MAX_BYTES,
  HEADER_BLOCK_MAX_BYTES,
  IDEMPOTENCY_KEY_MAX_BYTES,
  STICKY_KEY_MAX_BYTES,
} from '../limits.ts';
import { checkDuration, readDuration } from './duration.ts';
import { INQUIRY_FLAG, WAIT_FOR_TARGET_FLAG } from './frame-rule.ts';
import { FrameType } from './frame-type.ts';
import type { Frame } from './frame.ts';
import { LastRead } from './last-read.ts';
import { LastWritten } from './last-written.ts';
import { PackedReader } from './packed-reader.ts';
import type { PackedWriter } from './packed-writer.ts';
import { readStreamedBody, streamedFlag, writeStreamedBody, type StreamedBody } from './streamed-body.ts';

const lastRead = new LastRead(3, readAddress);
const lastWritten = new LastWritten();

/** What a sender asks for. Deadlines are durations: clocks of different machines never meet. */
export interface Request {
  readonly address: Address;
  /** Time for accepted … acknowledged, in milliseconds, 1 … 86,400,000. */
  readonly resolutionMs: number;
  /** Time from the acknowledgement to the result, in milliseconds, 1 … 86,400,000. */
  readonly jobMs: number;
  /** At least one character. */
  readonly idempotencyKey: string | undefined;
  /** At least one character: of several providers the same one for the same key, as long as it is there. */
  readonly stickyKey: string | undefined;
  /** Where there is no target, wait for one to appear within the resolution deadline. */
  readonly waitForTarget: boolean;
  /** Nothing is to be run: what became of the job under this idempotency key? */
  readonly inquiry: boolean;
  /** Packed headers; the hub does not read them. */
  readonly headers: Uint8Array;
  /** Empty when the body is streamed. */
  readonly body: Uint8Array;
  readonly streamed?: StreamedBody | undefined;
}

/** What stands in the control section. */
export type RequestFields = Omit<Request, 'waitForTarget' | 'inquiry' | 'body' | 'streamed'>;

/**
 * Writes a Request frame. What it writes the hub can read: a mistake of the caller's costs one request, not the connection.
 * @throws QconnError `bad_address`, `too_large`, or `invalid_request` for a deadline out of range or an empty key
 */
export function encodeRequest(writer: PackedWriter, id: number, request: Request): Uint8Array {
  const flags = (request.waitForTarget ? WAIT_FOR_TARGET_FLAG : 0) | (request.inquiry ? INQUIRY_FLAG : 0);
  const { streamed } = request;
  writeRequest(writer, request);
  if (streamed !== undefined) writeStreamedBody(writer, streamed);
  return writer.finish(FrameType.Request, id, request.body, flags | streamedFlag(streamed));
}

/** Reads a Request frame. @throws QconnError `bad_frame` */
export function decodeRequest(frame: Frame): Request {
  const reader = new PackedReader(frame.control, 'Request');
  const fields = readRequest(reader);
  const streamed = readStreamedBody(frame, reader);
  reader.end();
  const inquiry = (frame.flags & INQUIRY_FLAG) !== 0;
  if (inquiry && fields.idempotencyKey === undefined) throw reader.bad('no idempotency key to inquire after');
  return {
    address: fields.address,
    resolutionMs: fields.resolutionMs,
    jobMs: fields.jobMs,
    idempotencyKey: fields.idempotencyKey,
    stickyKey: fields.stickyKey,
    headers: fields.headers,
    waitForTarget: (frame.flags & WAIT_FOR_TARGET_FLAG) !== 0,
    inquiry,
    body: frame.body,
    streamed,
  };
}

/** What Request and RequestAll frames have in common, in the order of the wire. @throws QconnError */
export function writeRequest(writer: PackedWriter, request: RequestFields): PackedWriter {
  const { serviceType, machine = '', device = '' } = request.address;
  checkAddress(request.address);
  if (request.idempotencyKey === '') throw new QconnError('invalid_request', 'The idempotency key is empty.');
  if (request.stickyKey === '') throw new QconnError('invalid_request', 'The stickiness key is empty.');
  return lastWritten
    .write(writer.begin(), serviceType, machine, device)
    .u32(checkDuration(request.resolutionMs, 'resolution deadline'))
    .u32(checkDuration(request.jobMs, 'job deadline'))
    .text8(request.idempotencyKey ?? '', IDEMPOTENCY_KEY_MAX_BYTES, 'The idempotency key')
    .text8(request.stickyKey ?? '', STICKY_KEY_MAX_BYTES, 'The stickiness key')
    .bytes16(request.headers, HEADER_BLOCK_MAX_BYTES);
}

/** Reads what {@link writeRequest} writes. @throws QconnError `bad_frame` */
export function readRequest(reader: PackedReader): RequestFields {
  const address = lastRead.read(reader);
  const resolutionMs = readDuration(reader, 'resolution deadline');
  const jobMs = readDuration(reader, 'job deadline');
  const idempotencyKey = reader.text8(IDEMPOTENCY_KEY_MAX_BYTES) || undefined;
  const stickyKey = reader.text8(STICKY_KEY_MAX_BYTES) || undefined;
  const headers = reader.bytes16(HEADER_BLOCK_MAX_BYTES);
  return { address, resolutionMs, jobMs, idempotencyKey, stickyKey, headers };
}

function readAddress(reader: PackedReader): Address {
  const serviceType = reader.text8(ADDRESS_PART_MAX_BYTES);
  const machine = reader.text8(ADDRESS_PART_MAX_BYTES) || undefined;
  const device = reader.text8(ADDRESS_PART_MAX_BYTES) || undefined;
  if (!isServiceType(serviceType)) throw reader.bad('a malformed service type');
  if (machine !== undefined && !isHostname(machine)) throw reader.bad('a malformed machine');
  if (device !== undefined && !isDeviceName(device)) throw reader.bad('a malformed device');
  return Object.freeze({ serviceType, machine, device });
}
