import type { Clock } from '@qconn/clock';
import { encodePem, hashSecret, shortCode, verifyCsr, type IssuedCertificate, type Secret } from '@qconn/identity';
import { isQconnError, QconnError, type ErrorCode, type Renewed } from '@qconn/protocol';
import type { Enrolment, NewCredential, Recovered, Store } from '@qconn/store';
import type { HubAuthority } from '../authority/hub-authority.ts';
import type { AuthContext } from '../session/auth-context.ts';

/** What issuing works with. */
export interface CertificateDependencies {
  readonly clock: Clock;
  readonly store: Store;
  readonly authority: Pick<HubAuthority, 'issuing' | 'issuers' | 'trust' | 'rotation'>;
  readonly observer?: AdmissionObserver;
}

/** Told of what is admitted and issued, for the metrics. */
export interface AdmissionObserver {
  enrolment(result: ErrorCode | 'enrolled'): void;
  /** A machine was given a certificate. */
  issued(occasion: 'enrolment' | 'renewal' | 'recovery'): void;
}

/** What a machine is given when it enrols; chain and trust in PEM. */
export interface Enrolled {
  readonly enrolment: Enrolment;
  readonly chain: readonly string[];
  readonly trust: readonly string[];
}

/** What a machine is given when it comes back; chain and trust in PEM. */
export interface RecoveredMachine {
  readonly recovered: Recovered;
  readonly chain: readonly string[];
  readonly trust: readonly string[];
}

export interface CertificateOptions {
  /** Validity of a machine's certificate in milliseconds, one minute … 45 days. */
  readonly validityMs: number;
  /** How long after its expiry a machine may renew its certificate and keep its rights, in milliseconds. */
  readonly graceMs: number;
  /** How often in a row it may. */
  readonly recoveriesMax: number;
}

/** What a machine asks for when it enrols. */
export interface EnrolmentInput {
  readonly token: Secret;
  /** PKCS#10 in DER. */
  readonly csr: Uint8Array;
  readonly hostname: string | undefined;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** Gives machines their certificates: the first for a token, the following ones over the live connection. */
export class MachineCertificates {
  readonly #dependencies: CertificateDependencies;
  readonly #options: CertificateOptions;

  constructor(dependencies: CertificateDependencies, options: CertificateOptions) {
    this.#dependencies = dependencies;
    this.#options = options;
  }

  /**
   * Redeems a token: machine, certificate and token's use are one transaction.
   * @throws QconnError `csr_…`, `token_unknown`, `token_spent`, `token_expired`, `token_revoked`, `revoked`
   */
  async enrol(input: EnrolmentInput): Promise<Enrolled> {
    const { observer } = this.#dependencies;
    try {
      const enrolled = await this.#redeem(input);
      observer?.enrolment('enrolled');
      observer?.issued('enrolment');
      return enrolled;
    } catch (error) {
      observer?.enrolment(isQconnError(error) ? error.code : 'internal');
      throw error;
    }
  }

  /**
   * Issues a further certificate to a machine that proved its key by its connection and again by the request.
   * @throws QconnError `renewal_refused` for the key of another machine, `csr_…`, `revoked`
   */
  async renew(auth: AuthContext, csr: Uint8Array): Promise<Renewed> {
    const { clock, store } = this.#dependencies;
    const { spki, fingerprint } = await verifyCsr(csr);
    if (fingerprint !== auth.fingerprint) {
      throw new QconnError(
        'renewal_refused',
        `The request is for the key of ${fingerprint}, but the connection is that of ${auth.fingerprint}.`,
      );
    }
    const issued = await this.#issue(spki);
    await store.credentials.add({
      machine: fingerprint,
      credential: credentialOf(issued),
      actor: `machine:${fingerprint}`,
      now: clock.now(),
    });
    this.#dependencies.observer?.issued('renewal');
    return { chain: issued.chainDer };
  }

  /**
   * Renews the certificate of a machine whose last one has expired; one that has a live one is given that again.
   * @param csr PKCS#10 in DER for the machine's key, the only thing that says who asks
   * @throws QconnError `csr_…`, `unknown_machine`, `revoked`, `renewal_refused`
   */
  async recover(csr: Uint8Array): Promise<RecoveredMachine> {
    const { clock, store, authority, observer } = this.#dependencies;
    const { graceMs, recoveriesMax } = this.#options;
    const { spki, fingerprint } = await verifyCsr(csr);
    if ((await store.machines.find(fingerprint)) === undefined)
      throw new QconnError('unknown_machine', `This hub knows no machine ${fingerprint}.`);
    const recovered = await store.credentials.recover({
      machine: fingerprint,
      graceMs,
      cap: recoveriesMax,
      issue: async () => credentialOf(await this.#issue(spki)),
      actor: `machine:${fingerprint}`,
      now: clock.now(),
    });
    if (recovered.issued) observer?.issued('recovery');
    const { der, issuer } = recovered.credential;
    const issuing = authority.issuers.find((one) => one.issuingPin === issuer) ?? authority.issuing;
    const chain = [encodePem('CERTIFICATE', der), ...issuing.issuingChainPem];
    return { recovered, chain, trust: authority.trust.pem };
  }

  async #redeem({ token, csr, hostname, facts }: EnrolmentInput): Promise<Enrolled> {
    const { clock, store, authority } = this.#dependencies;
    const { spki, fingerprint } = await verifyCsr(csr);
    let issued: IssuedCertificate | undefined;
    const { trust, rotation } = authority;
    const enrolment = await store.enrol({
      token: { id: token.idText, secretHash: hashSecret(token.secret) },
      fingerprint,
      spki,
      shortCode: shortCode(fingerprint),
      requestedHostname: hostname,
      facts,
      now: clock.now(),
      graceMs: this.#options.graceMs,
      trust: rotation === undefined ? undefined : trust.id,
      issue: async () => {
        issued = await this.#issue(spki);
        return credentialOf(issued);
      },
    });
    return { enrolment, chain: (issued as IssuedCertificate).chainPem, trust: trust.pem };
  }

  #issue(spki: Uint8Array): Promise<IssuedCertificate> {
    const { authority, clock } = this.#dependencies;
    return authority.issuing.issueMachine({ spki, now: clock.now(), validityMs: this.#options.validityMs });
  }
}

function credentialOf({ serial, issuer, notBeforeMs, notAfterMs, der }: IssuedCertificate): NewCredential {
  return { serial, issuer, notBefore: notBeforeMs, notAfter: notAfterMs, der };
}
