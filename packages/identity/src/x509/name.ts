import { oid, OID } from '../der/oid.ts';
import { sequence, set, text, TAG } from '../der/write.ts';

/** A distinguished name of one common name, DER. At most 64 characters (RFC 5280, appendix A.1, ub-common-name). */
export function commonName(value: string): Uint8Array {
  return sequence(set(sequence(oid(OID.commonName), text(TAG.utf8String, value))));
}
