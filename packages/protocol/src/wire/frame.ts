import { QconnError } from '../errors.ts';
import { BODY_MAX_BYTES, CONTROL_MAX_BYTES } from '../limits.ts';
import { frameTypeName } from './frame-type.ts';

/**
 * One frame. The header is 16 bytes, big-endian:
 *
 *     0  u8   type (registry in frame-type.ts)
 *     1  u8   flags (reserved bits are zero)
 *     2  u16  bytes of the control section, at most 16,384
 *     4  u32  bytes of the body, at most 65,536
 *     8  u64  id of the exchange or call, at most 2^53 − 1; 0 where there is none
 *     16 control section, then the body
 */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  readonly control: Uint8Array;
  readonly body: Uint8Array;
}

/** The fixed part of a frame. */
export interface FrameHeader {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  readonly controlBytes: number;
  readonly bodyBytes: number;
}

const TWO_32 = 0x1_0000_0000;
const ID_HIGH_MAX = 0x1f_ffff;

/**
 * Reads a header and checks every length in it before anything is allocated for it.
 * @param bytes at least 16 bytes from `offset` on
 * @throws QconnError `bad_frame` for an unknown type or an id over 2^53 − 1, `frame_too_large` for a length over its limit
 */
export function readFrameHeader(bytes: Uint8Array, offset: number): FrameHeader {
  const type = bytes[offset] as number;
  const flags = bytes[offset + 1] as number;
  const controlBytes = readU16(bytes, offset + 2);
  const bodyBytes = readU32(bytes, offset + 4);
  const idHigh = readU32(bytes, offset + 8);
  const name = frameTypeName(type);
  if (name === undefined) throw new QconnError('bad_frame', `Frame type 0x${type.toString(16).padStart(2, '0')} is not in the registry.`);
  if (controlBytes > CONTROL_MAX_BYTES) throw tooLarge(name, 'control bytes', controlBytes, CONTROL_MAX_BYTES);
  if (bodyBytes > BODY_MAX_BYTES) throw tooLarge(name, 'body bytes', bodyBytes, BODY_MAX_BYTES);
  if (idHigh > ID_HIGH_MAX) throw new QconnError('bad_frame', `A ${name} frame carries an id over 2^53 − 1.`);
  return { type, flags, id: idHigh * TWO_32 + readU32(bytes, offset + 12), controlBytes, bodyBytes };
}

/** Writes a header; the reverse of {@link readFrameHeader}. The caller has checked the lengths. */
export function writeFrameHeader(bytes: Uint8Array, offset: number, header: FrameHeader): void {
  bytes[offset] = header.type;
  bytes[offset + 1] = header.flags;
  writeU16(bytes, offset + 2, header.controlBytes);
  writeU32(bytes, offset + 4, header.bodyBytes);
  writeU32(bytes, offset + 8, Math.floor(header.id / TWO_32));
  writeU32(bytes, offset + 12, header.id >>> 0);
}

export function readU16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

export function readU32(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) * 0x100_0000 + (((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number));
}

export function writeU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

function tooLarge(name: string, part: string, bytes: number, limit: number): QconnError {
  return new QconnError('frame_too_large', `A ${name} frame announces ${bytes} ${part}; the limit is ${limit}.`);
}
