import { QconnError } from '@qconn/protocol';
import { fingerprintOf } from '../fingerprint.ts';
import { isP256Spki, publicKeyObject } from '../keys.ts';
import { MACHINE_VALIDITY_MS, SERVER_VALIDITY_MS } from '../limits.ts';
import { encodePem } from '../pem.ts';
import type { Extension } from '../x509/extensions.ts';
import { commonName } from '../x509/name.ts';
import { randomSerial, systemRandom, type RandomBytes } from '../x509/serial.ts';
import { signerOf, type Signer } from '../x509/signer.ts';
import { pinHex, pinOfSpki } from '../x509/spki.ts';
import { writeCertificate } from '../x509/write-certificate.ts';
import { writeRevocationList, type RevocationListContents } from '../x509/write-crl.ts';
import { partsToPem, pemToParts, type AuthorityPem } from './authority-pem.ts';
import { createIssuing, createParts, nameOfRoot, type CreateAuthorityOptions } from './create.ts';
import { authorityCertificates, type AuthorityCertificate } from './authority-certificates.ts';
import { hostAltNames } from './hosts.ts';
import type { IssueOptions, IssueServerOptions } from './issue-options.ts';
import { issuedCertificate, type IssuedCertificate } from './issued.ts';
import { keyIdOf, type AuthorityParts } from './parts.ts';
import { machineExtensions, serverExtensions } from './profile.ts';
import { checkedValidity, validityWithin } from './validity.ts';

/** A root, an issuing CA below it, and the certificates that it issues. Owns no clock and no files. */
export class CertificateAuthority {
  readonly #parts: AuthorityParts;
  readonly #signer: Signer;
  readonly #random: RandomBytes;

  private constructor(parts: AuthorityParts, random: RandomBytes) {
    this.#parts = parts;
    this.#signer = signerOf(parts.issuingKey);
    this.#random = random;
  }

  /** A new root (10 years) and issuing CA (1 year). */
  static async create(
    options: CreateAuthorityOptions,
    random: RandomBytes = systemRandom,
  ): Promise<CertificateAuthority> {
    return new CertificateAuthority(await createParts(options, random), random);
  }

  /**
   * A CA from its PEM: keys match certificates and the issuing CA chains to the root. Dates are not
   * checked here: see {@link issuingNotAfterMs}.
   * @throws QconnError ca_unusable
   */
  static load(pem: AuthorityPem, random: RandomBytes = systemRandom): CertificateAuthority {
    return new CertificateAuthority(pemToParts(pem), random);
  }

  /** Everything that {@link load} takes. Holds private keys: belongs into files of mode 0600 only. */
  toPem(): AuthorityPem {
    return partsToPem(this.#parts);
  }

  get rootPem(): string {
    return encodePem('CERTIFICATE', this.#parts.root.der);
  }

  get rootDer(): Uint8Array {
    return this.#parts.root.der;
  }

  /** SHA-256 of the root's public key: what tokens carry. */
  get rootPin(): Uint8Array {
    return pinOfSpki(this.#parts.root.spki);
  }

  /** The same in hex: as people compare it. */
  get rootPinHex(): string {
    return pinHex(this.#parts.root.spki);
  }

  /** The issuing CA and any CA between it and the root, which is not among them. */
  get issuingChainPem(): readonly string[] {
    return this.#parts.issuingChain.map(({ der }) => encodePem('CERTIFICATE', der));
  }

  /** Pin of the issuing CA's key, hex: what a register of certificates knows their issuer by. */
  get issuingPin(): string {
    return pinHex(this.#parts.issuingChain[0].spki);
  }

  /** The CA's own certificates, the issuing CA's first, as a register of certificates records them. */
  get certificates(): readonly AuthorityCertificate[] {
    return authorityCertificates(this.#parts);
  }

  /** When the issuing CA's certificate ends, epoch milliseconds. No leaf outlives it. */
  get issuingNotAfterMs(): number {
    return this.#parts.issuingChain[0].notAfterMs;
  }

  get rootNotAfterMs(): number {
    return this.#parts.root.notAfterMs;
  }

  /** Whether the root's key is here, so that the issuing CA can be renewed. */
  get holdsRootKey(): boolean {
    return this.#parts.rootKey !== undefined;
  }

  /** The same CA without its root key, for a hub whose root is kept offline. */
  withoutRootKey(): CertificateAuthority {
    return new CertificateAuthority({ ...this.#parts, rootKey: undefined }, this.#random);
  }

  /**
   * The same root with a new issuing CA of the same name. Certificates of the old one stay valid.
   * @throws QconnError ca_unusable without the root's key, or when the root is not valid now
   */
  async renewIssuing(
    options: Pick<CreateAuthorityOptions, 'now' | 'issuingValidityMs'>,
  ): Promise<CertificateAuthority> {
    const { rootKey, root } = this.#parts;
    if (rootKey === undefined)
      throw new QconnError('ca_unusable', 'The root’s key is not here; the issuing CA cannot be renewed.');
    const issuing = await createIssuing(rootKey, root, { ...options, name: nameOfRoot(root) }, this.#random);
    return new CertificateAuthority({ rootKey, root, ...issuing }, this.#random);
  }

  /**
   * A TLS client certificate for a machine, named by the fingerprint of its key.
   * @throws QconnError csr_bad_key, invalid_request (validity), ca_unusable
   */
  async issueMachine(options: IssueOptions): Promise<IssuedCertificate> {
    const fingerprint = fingerprintOf(options.spki);
    const profile = (keyId: Uint8Array): readonly Extension[] => machineExtensions(options.spki, keyId, fingerprint);
    return this.#issue(options, MACHINE_VALIDITY_MS, fingerprint, profile);
  }

  /**
   * A TLS server certificate for a hub.
   * @throws QconnError hostname_invalid, csr_bad_key, invalid_request (validity), ca_unusable
   */
  async issueServer(options: IssueServerOptions): Promise<IssuedCertificate> {
    const names = hostAltNames(options.hosts);
    const profile = (keyId: Uint8Array): readonly Extension[] => serverExtensions(options.spki, keyId, names);
    return this.#issue(options, SERVER_VALIDITY_MS, 'qconn hub', profile);
  }

  /**
   * The list of revoked certificates of the issuing CA, for third parties; the hub itself asks its store.
   * @param list times in epoch milliseconds; `number` grows from list to list
   */
  async issueRevocationList(list: RevocationListContents): Promise<{ readonly der: Uint8Array; readonly pem: string }> {
    const [issuing] = this.#parts.issuingChain;
    const der = await writeRevocationList(list, { name: issuing.subject, keyId: keyIdOf(issuing) }, this.#signer);
    return { der, pem: encodePem('X509 CRL', der) };
  }

  async #issue(
    { spki, now, validityMs }: IssueOptions,
    defaultValidityMs: number,
    subject: string,
    profile: (authorityKeyId: Uint8Array) => readonly Extension[],
  ): Promise<IssuedCertificate> {
    if (!isP256Spki(spki) || publicKeyObject(spki) === undefined)
      throw new QconnError('csr_bad_key', 'The key to certify is not an ECDSA P-256 key.');
    const [issuer] = this.#parts.issuingChain;
    const contents = {
      serial: randomSerial(this.#random),
      issuer: issuer.subject,
      subject: commonName(subject),
      ...validityWithin(issuer, now, checkedValidity(validityMs ?? defaultValidityMs)),
      spki,
      extensions: profile(keyIdOf(issuer)),
    };
    return issuedCertificate(await writeCertificate(contents, this.#signer), contents, this.#parts.issuingChain);
  }
}
