import { DerError } from '../der/der-error.ts';
import { dottedOid } from '../der/oid.ts';
import { DerReader, readDer } from '../der/read.ts';
import { TAG } from '../der/write.ts';
import type { DerValue } from '../der/value.ts';
import { readExtensions, type CertificateExtensions } from './read-extensions.ts';

/** Bit 5 of key usage (RFC 5280, section 4.2.1.3). */
const KEY_CERT_SIGN = 0b0000_0100;

/** Versions are counted from 0 (section 4.1.2.1). */
const VERSION_3 = 2;

const SERIAL_MAX_BYTES = 20;

/** What qconn reads from a certificate. Bytes are DER. */
export interface ParsedCertificate {
  readonly der: Uint8Array;
  /** Lower-case hex without leading zero bytes. */
  readonly serial: string;
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly spki: Uint8Array;
  /** Object identifier of the algorithm that its issuer signed it with. */
  readonly signatureAlgorithm: string;
  /** What the signature is over. */
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
  readonly extensions: CertificateExtensions;
}

/**
 * Reads a certificate (RFC 5280, section 4.1) from exact DER, version 3, no extension twice. Checks no
 * signature and no date.
 * @throws DerError
 */
export function readCertificate(der: Uint8Array): ParsedCertificate {
  const certificate = readDer(der).enter(TAG.sequence, 'the certificate');
  const signed = certificate.expect(TAG.sequence, 'the certificate body');
  const tbs = new DerReader(signed.content);
  const algorithm = certificate.expect(TAG.sequence, 'the signature algorithm');
  const signature = certificate.expect(TAG.bitString, 'the signature').content;
  certificate.end('the certificate');
  const version = tbs.enter(0xa0, 'the version').expect(TAG.integer, 'the version').content;
  if (version.length !== 1 || version[0] !== VERSION_3) throw new DerError('not a version 3 certificate');
  const serial = readSerial(tbs.expect(TAG.integer, 'the serial number').content);
  if (!sameBytes(tbs.expect(TAG.sequence, 'the signature algorithm').raw, algorithm.raw))
    throw new DerError('two signature algorithms');
  const issuer = tbs.expect(TAG.sequence, 'the issuer').raw;
  const validity = tbs.enter(TAG.sequence, 'the validity');
  const notBeforeMs = readTime(validity.next('the start'));
  const notAfterMs = readTime(validity.next('the end'));
  validity.end('the validity');
  const subject = tbs.expect(TAG.sequence, 'the subject').raw;
  const spki = tbs.expect(TAG.sequence, 'the public key').raw;
  const extensions = tbs.enter(0xa3, 'the extensions').enter(TAG.sequence, 'the extensions');
  tbs.end('the certificate body');
  return {
    der,
    serial,
    issuer,
    subject,
    notBeforeMs,
    notAfterMs,
    spki,
    signatureAlgorithm: dottedOid(new DerReader(algorithm.content).expect(TAG.oid, 'the signature algorithm').content),
    signed: signed.raw,
    signature: signature.subarray(1),
    extensions: readExtensions(extensions),
  };
}

/** Positive, at most 20 octets (section 4.1.2.2). A negative one would read as the positive of the same octets. */
function readSerial(content: Uint8Array): string {
  if ((content[0] ?? 0) >= 0x80 || content.length > SERIAL_MAX_BYTES) throw new DerError('a strange serial number');
  return serialText(content);
}

/** A serial number as text: lower-case hex of its big-endian bytes, without leading zero bytes. */
export function serialText(bigEndian: Uint8Array): string {
  return Buffer.from(bigEndian)
    .toString('hex')
    .replace(/^(00)+(?=.)/, '');
}

export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((octet, index) => octet === right[index]);
}

/** UTCTime `YYMMDDHHMMSSZ` or GeneralizedTime `YYYYMMDDHHMMSSZ` (RFC 5280, section 4.1.2.5). */
function readTime({ tag, content }: DerValue): number {
  const digits = Buffer.from(content).toString('latin1');
  const utc = tag === TAG.utcTime;
  if (!(utc ? /^\d{12}Z$/ : /^\d{14}Z$/).test(digits) || (!utc && tag !== TAG.generalizedTime))
    throw new DerError('a malformed time');
  const full = utc ? (digits < '50' ? '20' : '19') + digits : digits;
  const iso = full.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6.000Z');
  const epochMs = Date.parse(iso);
  // `Date` takes a 31 November for a 1 December, and 24:00 for the next day's midnight.
  if (Number.isNaN(epochMs) || new Date(epochMs).toISOString() !== iso) throw new DerError('a malformed time');
  return epochMs;
}

/** Whether it may sign certificates: it is a CA, and key usage does not say otherwise. */
export function maySignCertificates({ extensions }: ParsedCertificate): boolean {
  return extensions.ca && ((extensions.keyUsage ?? KEY_CERT_SIGN) & KEY_CERT_SIGN) !== 0;
}
