import { CSR_MAX_BYTES } from '../limits.ts';
import { CERTIFICATE_MAX_BYTES, CERTIFICATES_MAX, checkCertificates } from './certificates.ts';
import { FrameType } from './frame-type.ts';
import type { Frame } from './frame.ts';
import { atMost, MapFields } from './map-fields.ts';
import type { PackedWriter } from './packed-writer.ts';
import { encodeMapFrame } from './session-messages.ts';

/** A renewed credential, in DER. */
export interface Renewed {
  /** Leaf first, then the issuing CA. */
  readonly chain: readonly Uint8Array[];
}

/** @param csr PKCS#10 request in DER @throws QconnError `too_large` */
export function encodeRenew(writer: PackedWriter, id: number, csr: Uint8Array): Uint8Array {
  atMost(CSR_MAX_BYTES, csr.length, 'bytes of CSR');
  return encodeMapFrame(writer, FrameType.Renew, id, {}, csr);
}

/** @throws QconnError `bad_frame` */
export function decodeRenew(frame: Frame): { csr: Uint8Array } {
  const fields = MapFields.of(frame.control, 'Renew');
  if (frame.body.length === 0) throw fields.bad('a PKCS#10 request as its body');
  return { csr: frame.body };
}

/** @throws QconnError `too_large` for more than four certificates, or one of over 4 KiB */
export function encodeRenewed(writer: PackedWriter, id: number, renewed: Renewed): Uint8Array {
  return encodeMapFrame(writer, FrameType.Renewed, id, { chain: checkCertificates(renewed.chain) });
}

/** @throws QconnError `bad_frame` */
export function decodeRenewed(frame: Frame): Renewed {
  const fields = MapFields.of(frame.control, 'Renewed');
  return { chain: fields.byteStrings('chain', CERTIFICATES_MAX, CERTIFICATE_MAX_BYTES) };
}
