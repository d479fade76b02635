import { ADDRESS_PART_MAX_BYTES, DEADLINE_MAX_MS } from '../limits.ts';
import { CERTIFICATE_MAX_BYTES, CERTIFICATES_MAX, checkCertificates } from './certificates.ts';
import { FrameType } from './frame-type.ts';
import type { Frame } from './frame.ts';
import { MapFields } from './map-fields.ts';
import type { PackedWriter } from './packed-writer.ts';
import { encodeMapFrame } from './session-messages.ts';

/** Whom to trust from now on. */
export interface Trust {
  /** The roots, DER: one, or two while the hub's CA is being rotated. All others are trusted no more. */
  readonly roots: readonly Uint8Array[];
  /** Renew the credential at a random time within this many milliseconds; left out: when it is due. */
  readonly renewWithinMs: number | undefined;
}

/** What a machine has on disk, and will come back with. */
export interface TrustHeld {
  /** Id of its trust bundle. */
  readonly trust: string;
  /** Serial of its newest certificate, lower-case hex. */
  readonly serial: string;
}

/** @throws QconnError `too_large` for more than four roots, or one of over 4 KiB */
export function encodeTrust(writer: PackedWriter, { roots, renewWithinMs }: Trust): Uint8Array {
  const fields = { roots: checkCertificates(roots), renewWithinMs };
  return encodeMapFrame(writer, FrameType.Trust, 0, fields);
}

/** @throws QconnError `bad_frame` */
export function decodeTrust(frame: Frame): Trust {
  const fields = MapFields.of(frame.control, 'Trust');
  const roots = fields.byteStrings('roots', CERTIFICATES_MAX, CERTIFICATE_MAX_BYTES);
  if (roots.length === 0) throw fields.bad('at least one root');
  return { roots, renewWithinMs: fields.optionalInteger('renewWithinMs', 0, DEADLINE_MAX_MS) };
}

export function encodeTrustHeld(writer: PackedWriter, { trust, serial }: TrustHeld): Uint8Array {
  return encodeMapFrame(writer, FrameType.TrustHeld, 0, { trust, serial });
}

/** @throws QconnError `bad_frame` */
export function decodeTrustHeld(frame: Frame): TrustHeld {
  const fields = MapFields.of(frame.control, 'TrustHeld');
  return {
    trust: fields.text('trust', ADDRESS_PART_MAX_BYTES),
    serial: fields.text('serial', ADDRESS_PART_MAX_BYTES),
  };
}
