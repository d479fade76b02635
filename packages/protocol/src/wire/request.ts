import { checkAddress, isDeviceName, isHostname, isServiceType, type Address } from '../address.ts';
import { QconnError } from '../errors.ts';
import { ADDRESS_PART_MAX_BYTES, HEADER_BLOCK_MAX_BYTES, IDEMPOTENCY_KEY_MAX_BYTES } from '../limits.ts';
import { checkDuration, readDuration } from './duration.ts';
import { FrameType } from './frame-type.ts';
import type { Frame } from './frame.ts';
import { PackedReader } from './packed-reader.ts';
import type { PackedWriter } from './packed-writer.ts';

/** What a sender asks for. Deadlines are durations: clocks of different machines never meet. */
export interface Request {
  readonly address: Address;
  /** Time for accepted … acknowledged, in milliseconds, 1 … 86,400,000. */
  readonly resolutionMs: number;
  /** Time from the acknowledgement to the result, in milliseconds, 1 … 86,400,000. */
  readonly jobMs: number;
  /** At least one character. */
  readonly idempotencyKey: string | undefined;
  /** Packed headers; the hub does not read them. */
  readonly headers: Uint8Array;
  readonly body: Uint8Array;
}

/**
 * Writes a Request frame. What it writes the hub can read: a mistake of the caller's costs one request, not the connection.
 * @throws QconnError `bad_address`, `too_large`, or `invalid_request` for a deadline out of range or an empty key
 */
export function encodeRequest(writer: PackedWriter, id: number, request: Request): Uint8Array {
  checkAddress(request.address);
  if (request.idempotencyKey === '') throw new QconnError('invalid_request', 'The idempotency key is empty.');
  return writer
    .begin()
    .text8(request.address.serviceType, ADDRESS_PART_MAX_BYTES)
    .text8(request.address.machine ?? '', ADDRESS_PART_MAX_BYTES)
    .text8(request.address.device ?? '', ADDRESS_PART_MAX_BYTES)
    .u32(checkDuration(request.resolutionMs, 'resolution deadline'))
    .u32(checkDuration(request.jobMs, 'job deadline'))
    .text8(request.idempotencyKey ?? '', IDEMPOTENCY_KEY_MAX_BYTES)
    .bytes16(request.headers, HEADER_BLOCK_MAX_BYTES)
    .finish(FrameType.Request, id, request.body);
}

/** Reads a Request frame. @throws QconnError `bad_frame` */
export function decodeRequest(frame: Frame): Request {
  const reader = new PackedReader(frame.control, 'Request');
  const serviceType = reader.text8(ADDRESS_PART_MAX_BYTES);
  const machine = reader.text8(ADDRESS_PART_MAX_BYTES) || undefined;
  const device = reader.text8(ADDRESS_PART_MAX_BYTES) || undefined;
  const resolutionMs = readDuration(reader, 'resolution deadline');
  const jobMs = readDuration(reader, 'job deadline');
  const idempotencyKey = reader.text8(IDEMPOTENCY_KEY_MAX_BYTES) || undefined;
  const headers = reader.bytes16(HEADER_BLOCK_MAX_BYTES);
  reader.end();
  if (!isServiceType(serviceType)) throw reader.bad('a malformed service type');
  if (machine !== undefined && !isHostname(machine)) throw reader.bad('a malformed machine');
  if (device !== undefined && !isDeviceName(device)) throw reader.bad('a malformed device');
  return { address: { serviceType, machine, device }, resolutionMs, jobMs, idempotencyKey, headers, body: frame.body };
}
