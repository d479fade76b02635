import { QconnError } from '../errors.ts';
import { frameRule } from './frame-rule.ts';

/**
 * One frame. The header is 16 bytes, big-endian:
 *
 *     0  u8   type (registry in frame-type.ts)
 *     1  u8   flags (reserved bits are zero, and refused otherwise)
 *     2  u16  bytes of the control section; each type has its limit, at most 16,384
 *     4  u32  bytes of the body, at most 65,536; 0 for types that have none
 *     8  u64  id of the exchange or call, 1 … 2^53 − 1; 0 where there is none
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
 * Reads a header and holds it to the rule of its type, before anything is allocated for it.
 * @param bytes at least 16 bytes from `offset` on
 * @throws QconnError `frame_too_large` for a length over the type's limit, `bad_frame` for everything else
 *   that the rule does not allow
 */
export function readFrameHeader(bytes: Uint8Array, offset: number): FrameHeader {
  const type = bytes[offset] as number;
  const flags = bytes[offset + 1] as number;
  const controlBytes = readU16(bytes, offset + 2);
  const bodyBytes = readU32(bytes, offset + 4);
  const idHigh = readU32(bytes, offset + 8);
  const id = idHigh * TWO_32 + readU32(bytes, offset + 12);
  const rule = frameRule(type);
  if (rule === undefined)
    throw new QconnError('bad_frame', `Frame type 0x${type.toString(16).padStart(2, '0')} is not in the registry.`);
  if (controlBytes > rule.controlMaxBytes)
    throw tooLarge(rule.name, 'control bytes', controlBytes, rule.controlMaxBytes);
  if (bodyBytes > rule.bodyMaxBytes) throw tooLarge(rule.name, 'body bytes', bodyBytes, rule.bodyMaxBytes);
  if ((flags & ~rule.flags) !== 0)
    throw new QconnError(
      'bad_frame',
      `A ${rule.name} frame sets the reserved flags 0x${(flags & ~rule.flags).toString(16)}.`,
    );
  if (idHigh > ID_HIGH_MAX) throw new QconnError('bad_frame', `A ${rule.name} frame carries an id over 2^53 − 1.`);
  if ((id === 0) !== (rule.id === 'none'))
    throw new QconnError('bad_frame', `A ${rule.name} frame ${id === 0 ? 'needs an id' : 'has no id'}.`);
  return { type, flags, id, controlBytes, bodyBytes };
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
  return (
    (bytes[at] as number) * 0x100_0000 +
    (((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number))
  );
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
