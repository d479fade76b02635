import { oid, OID } from '../der/oid.ts';
import { sequence, set, text, TAG } from '../der/write.ts';

/** Longest common name in characters (RFC 5280, appendix A.1, ub-common-name). */
export const COMMON_NAME_MAX = 64;

/** A distinguished name of one common name, DER. */
export function commonName(value: string): Uint8Array {
  return sequence(set(sequence(oid(OID.commonName), text(TAG.utf8String, value))));
}
