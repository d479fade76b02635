import { KeyObject, X509Certificate } from 'node:crypto';
import { QconnError } from '@qconn/protocol';
import { fingerprintOf } from '../fingerprint.ts';
import { exportSpki, generateKeyPair } from '../keys.ts';
import { ISSUING_VALIDITY_MS, ROOT_VALIDITY_MS } from '../limits.ts';
import { shortCode } from '../short-code.ts';
import { commonName } from '../x509/name.ts';
import { readCertificate, type ParsedCertificate } from '../x509/read-certificate.ts';
import { randomSerial, type RandomBytes } from '../x509/serial.ts';
import { signerOf } from '../x509/signer.ts';
import { writeCertificate } from '../x509/write-certificate.ts';
import { keyIdOf, type AuthorityParts } from './parts.ts';
import { issuingExtensions, rootExtensions } from './profile.ts';
import { validityWithin } from './validity.ts';

export interface CreateAuthorityOptions {
  /** Begins the names of root and issuing CA; up to 40 characters, default `qconn`. */
  readonly name?: string;
  /** Epoch milliseconds. */
  readonly now: number;
  /** Default 10 years. */
  readonly rootValidityMs?: number;
  /** Default 1 year; cut to the root's own end. */
  readonly issuingValidityMs?: number;
}

const DEFAULT_NAME = 'qconn';

/** 40 characters leave room for role and code within the 64 of a common name. */
const NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,39}$/u;

/** New root and issuing CA, with new keys. */
export async function createParts(options: CreateAuthorityOptions, random: RandomBytes): Promise<AuthorityParts> {
  const name = options.name ?? DEFAULT_NAME;
  if (!NAME.test(name))
    throw new QconnError(
      'invalid_request',
      'A CA’s name is 1 to 40 letters, digits, spaces, dots, hyphens or underscores.',
    );
  const { key, spki } = await newKey();
  const subject = caName(name, 'root', spki);
  const validity = validityWithin(undefined, options.now, options.rootValidityMs ?? ROOT_VALIDITY_MS);
  const contents = {
    serial: randomSerial(random),
    issuer: subject,
    subject,
    ...validity,
    spki,
    extensions: rootExtensions(spki),
  };
  const root = readCertificate(await writeCertificate(contents, signerOf(key)));
  return { rootKey: key, root, ...(await createIssuing(key, root, options, random)) };
}

/** A new issuing CA, with a new key, below a root. */
export async function createIssuing(
  rootKey: KeyObject,
  root: ParsedCertificate,
  options: Pick<CreateAuthorityOptions, 'name' | 'now' | 'issuingValidityMs'>,
  random: RandomBytes,
): Promise<Pick<AuthorityParts, 'issuingKey' | 'issuingChain'>> {
  const { key, spki } = await newKey();
  const contents = {
    serial: randomSerial(random),
    issuer: root.subject,
    subject: caName(options.name ?? DEFAULT_NAME, 'issuing CA', spki),
    ...validityWithin(root, options.now, options.issuingValidityMs ?? ISSUING_VALIDITY_MS),
    spki,
    extensions: issuingExtensions(spki, keyIdOf(root)),
  };
  return { issuingKey: key, issuingChain: [readCertificate(await writeCertificate(contents, signerOf(rootKey)))] };
}

/** The name that a root was created with; that of a brought root is its own affair. */
export function nameOfRoot(root: ParsedCertificate): string {
  const name = / root [2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}$/;
  const { subject } = new X509Certificate(root.der);
  return name.test(subject) ? subject.replace(/^CN=/, '').replace(name, '') : DEFAULT_NAME;
}

/** Every CA key has a name of its own, so that path building never confuses an old CA with its successor. */
function caName(name: string, role: string, spki: Uint8Array): Uint8Array {
  return commonName(`${name} ${role} ${shortCode(fingerprintOf(spki))}`);
}

async function newKey(): Promise<{ key: KeyObject; spki: Uint8Array }> {
  const keys = await generateKeyPair();
  return { key: KeyObject.from(keys.privateKey), spki: await exportSpki(keys.publicKey) };
}
