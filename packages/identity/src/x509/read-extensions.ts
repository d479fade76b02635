import { DerError } from '../der/der-error.ts';
import { dottedOid, OID } from '../der/oid.ts';
import { readDer, type DerReader } from '../der/read.ts';
import { TAG } from '../der/write.ts';

/** What the extensions of a certificate say (RFC 5280, section 4.2), as far as qconn acts on it. */
export interface CertificateExtensions {
  /** Basic constraints: whether it is a CA, and how many CAs may follow below it. */
  readonly ca: boolean;
  readonly pathLength: number | undefined;
  /** The first octet of key usage, bit 0 on the left; `undefined` when it is not limited. */
  readonly keyUsage: number | undefined;
  /** Extended key usage; `undefined` when it is not limited. */
  readonly purposes: readonly string[] | undefined;
  /** The URIs among the subject's alternative names. */
  readonly uris: readonly string[];
  readonly subjectKeyId: Uint8Array | undefined;
  /** Critical extensions that qconn does not understand: reason enough to reject (section 4.2). */
  readonly unknownCritical: readonly string[];
}

const UNDERSTOOD: ReadonlySet<string> = new Set([
  OID.basicConstraints,
  OID.keyUsage,
  OID.extendedKeyUsage,
  OID.subjectAltName,
  OID.subjectKeyIdentifier,
  OID.authorityKeyIdentifier,
]);

/** Context tag of uniformResourceIdentifier in a GeneralName (section 4.2.1.6). */
const URI_TAG = 0x86;

/**
 * Reads the list of extensions, none of them twice.
 * @throws DerError
 */
export function readExtensions(list: DerReader): CertificateExtensions {
  const values = new Map<string, DerReader>();
  const unknownCritical: string[] = [];
  while (!list.done) {
    const { type, critical, value } = readExtension(list);
    if (values.has(type)) throw new DerError('an extension that comes twice');
    // The value of an extension that is not understood may be anything, not only DER.
    values.set(type, UNDERSTOOD.has(type) ? readDer(value) : list);
    if (critical && !UNDERSTOOD.has(type)) unknownCritical.push(type);
  }
  return {
    ...basicConstraints(values.get(OID.basicConstraints)),
    keyUsage: values.get(OID.keyUsage)?.expect(TAG.bitString, 'key usage').content[1],
    purposes: purposes(values.get(OID.extendedKeyUsage)),
    uris: uris(values.get(OID.subjectAltName)),
    subjectKeyId: subjectKeyId(values.get(OID.subjectKeyIdentifier)),
    unknownCritical,
  };
}

function readExtension(list: DerReader): { type: string; critical: boolean; value: Uint8Array } {
  const entry = list.enter(TAG.sequence, 'an extension');
  const type = dottedOid(entry.expect(TAG.oid, 'an extension type').content);
  const critical = entry.optional(TAG.boolean, 'a critical flag')?.content[0] === 0xff;
  const value = entry.expect(TAG.octetString, 'an extension value').content;
  entry.end('an extension');
  return { type, critical, value };
}

function basicConstraints(value: DerReader | undefined): Pick<CertificateExtensions, 'ca' | 'pathLength'> {
  if (value === undefined) return { ca: false, pathLength: undefined };
  const constraints = value.enter(TAG.sequence, 'basic constraints');
  const ca = constraints.optional(TAG.boolean, 'cA')?.content[0] === 0xff;
  const pathLength = constraints.optional(TAG.integer, 'pathLenConstraint')?.content;
  constraints.end('basic constraints');
  return { ca, pathLength: pathLength && Number(`0x${Buffer.from(pathLength).toString('hex')}`) };
}

function purposes(value: DerReader | undefined): readonly string[] | undefined {
  const list = value?.enter(TAG.sequence, 'extended key usage');
  if (list === undefined) return undefined;
  const found: string[] = [];
  while (!list.done) found.push(dottedOid(list.expect(TAG.oid, 'a purpose').content));
  return found;
}

function uris(value: DerReader | undefined): readonly string[] {
  const names = value?.enter(TAG.sequence, 'alternative names');
  if (names === undefined) return [];
  const found: string[] = [];
  while (!names.done) {
    const name = names.next('an alternative name');
    if (name.tag === URI_TAG) found.push(Buffer.from(name.content).toString('latin1'));
  }
  return found;
}

function subjectKeyId(value: DerReader | undefined): Uint8Array | undefined {
  const keyId = value?.expect(TAG.octetString, 'the key identifier').content;
  if (keyId !== undefined && (keyId.length === 0 || keyId.length > 64))
    throw new DerError('a key identifier of a strange size');
  return keyId;
}
