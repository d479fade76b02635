import { verify, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { QconnError } from '@qconn/protocol';
import { DerError } from './der/der-error.ts';
import { dottedOid, OID } from './der/oid.ts';
import { DerReader, readDer } from './der/read.ts';
import { TAG } from './der/write.ts';
import { fingerprintOf } from './fingerprint.ts';
import { isP256Spki, publicKeyObject } from './keys.ts';
import { CSR_MAX_BYTES } from './limits.ts';
import { decodePem } from './pem.ts';

const verifyInThreadPool: (
  digest: string,
  data: Uint8Array,
  key: KeyObject,
  signature: Uint8Array,
) => Promise<boolean> = promisify(verify);

/** `[0] IMPLICIT SET OF`. */
const ATTRIBUTES = 0xa0;
const IGNORED_ATTRIBUTES: ReadonlySet<string> = new Set([OID.challengePassword, OID.unstructuredName]);

/** All that a request establishes: its key, whose holder made it. Everything else is the hub's to write. */
export interface VerifiedCsr {
  /** SubjectPublicKeyInfo DER. */
  readonly spki: Uint8Array;
  readonly fingerprint: string;
}

/**
 * Checks a certificate request (PKCS#10 DER): size before anything is parsed, exact DER, ECDSA P-256,
 * signature by its own key, and that it asks for no extensions. The subject is ignored.
 * @throws QconnError csr_malformed, csr_bad_key, csr_bad_signature, csr_refused
 */
export async function verifyCsr(der: Uint8Array): Promise<VerifiedCsr> {
  if (der.length > CSR_MAX_BYTES)
    throw new QconnError('csr_malformed', `The certificate request is over ${CSR_MAX_BYTES} bytes.`);
  const request = parse(der);
  if (!isP256Spki(request.spki)) throw new QconnError('csr_bad_key');
  const key = publicKeyObject(request.spki);
  if (key === undefined)
    throw new QconnError('csr_bad_key', 'The public key of the certificate request is not a point of P-256.');
  if (request.algorithm !== OID.ecdsaWithSha256) {
    throw new QconnError('csr_bad_signature', 'The certificate request is not signed with ECDSA and SHA-256.', {
      facts: { algorithm: request.algorithm },
    });
  }
  if (!(await verifyInThreadPool('sha256', request.signed, key, request.signature)))
    throw new QconnError('csr_bad_signature');
  return { spki: request.spki, fingerprint: fingerprintOf(request.spki) };
}

/**
 * The DER of a request in PEM, for requests that people carry by hand.
 * @throws QconnError csr_malformed
 */
export function csrFromPem(pem: string): Uint8Array {
  const [der, ...more] = pem.length > 2 * CSR_MAX_BYTES ? [] : (decodePem('CERTIFICATE REQUEST', pem) ?? []);
  if (der === undefined || more.length > 0)
    throw new QconnError('csr_malformed', 'That is not one CERTIFICATE REQUEST in PEM.');
  return der;
}

interface ParsedCsr {
  readonly signed: Uint8Array;
  readonly spki: Uint8Array;
  readonly algorithm: string;
  readonly signature: Uint8Array;
}

function parse(der: Uint8Array): ParsedCsr {
  try {
    return parseRequest(der);
  } catch (error) {
    if (error instanceof DerError)
      throw new QconnError('csr_malformed', `The certificate request cannot be read: ${error.message}.`);
    throw error;
  }
}

/** CertificationRequest (RFC 2986, section 4.2). */
function parseRequest(der: Uint8Array): ParsedCsr {
  const request = readDer(der).enter(TAG.sequence, 'the request');
  const info = request.expect(TAG.sequence, 'the request info');
  const algorithm = request.enter(TAG.sequence, 'the signature algorithm');
  const algorithmOid = dottedOid(algorithm.expect(TAG.oid, 'the signature algorithm').content);
  const signature = request.expect(TAG.bitString, 'the signature');
  request.end('the request');
  if (signature.content[0] !== 0) throw new DerError('a signature of partial octets');
  return {
    signed: info.raw,
    spki: parseInfo(info.content),
    // ECDSA has no parameters (RFC 5758, section 3.2); with some, it is another algorithm.
    algorithm: algorithm.done ? algorithmOid : `${algorithmOid} with parameters`,
    signature: signature.content.subarray(1),
  };
}

/** CertificationRequestInfo (RFC 2986, section 4.1): the public key. */
function parseInfo(content: Uint8Array): Uint8Array {
  const info = new DerReader(content);
  const version = info.expect(TAG.integer, 'the version').content;
  if (version.length !== 1 || version[0] !== 0) throw new DerError('an unknown version');
  info.expect(TAG.sequence, 'the subject');
  const spki = info.expect(TAG.sequence, 'the public key').raw.slice();
  const attributes = info.enter(ATTRIBUTES, 'the attributes');
  info.end('the request info');
  while (!attributes.done) refuseExtensions(attributes.enter(TAG.sequence, 'an attribute'));
  return spki;
}

/**
 * What `openssl req` adds when asked interactively is harmless and ignored. An extension request
 * (RFC 2985, section 5.4.2) or anything unknown asks for what the hub decides: better refused than
 * silently dropped, so that nobody believes to have got it.
 */
function refuseExtensions(attribute: DerReader): void {
  const type = dottedOid(attribute.expect(TAG.oid, 'an attribute type').content);
  if (!IGNORED_ATTRIBUTES.has(type)) throw new QconnError('csr_refused', undefined, { facts: { attribute: type } });
}
