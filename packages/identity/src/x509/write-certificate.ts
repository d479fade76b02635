import { bitString, context, integer, sequence, smallInteger, time } from '../der/write.ts';
import type { Extension } from './extensions.ts';
import type { Signer } from './signer.ts';

/** What a certificate says. */
export interface CertificateContents {
  /** Big-endian, positive, at most 20 bytes (RFC 5280, section 4.1.2.2). */
  readonly serial: Uint8Array;
  /** Distinguished name, DER. */
  readonly issuer: Uint8Array;
  /** Distinguished name, DER. */
  readonly subject: Uint8Array;
  /** Epoch milliseconds; whole seconds are what the certificate holds. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  readonly extensions: readonly Extension[];
}

/** An X.509 version 3 certificate, DER (RFC 5280, section 4.1). */
export async function writeCertificate(contents: CertificateContents, signer: Signer): Promise<Uint8Array> {
  const tbs = sequence(
    context(0, smallInteger(2)),
    integer(contents.serial),
    signer.algorithm,
    contents.issuer,
    sequence(time(contents.notBeforeMs), time(contents.notAfterMs)),
    contents.subject,
    contents.spki,
    context(3, sequence(...contents.extensions)),
  );
  return sequence(tbs, signer.algorithm, bitString(await signer.sign(tbs)));
}
