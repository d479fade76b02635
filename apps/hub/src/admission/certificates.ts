import type { Clock } from '@qconn/clock';
import {
  hashSecret,
  shortCode,
  verifyCsr,
  type CertificateAuthority,
  type IssuedCertificate,
  type Secret,
} from '@qconn/identity';
import { isQconnError, QconnError, type ErrorCode, type Renewed } from '@qconn/protocol';
import type { Enrolment, NewCredential, Store } from '@qconn/store';
import type { AuthContext } from '../session/auth-context.ts';

/** What issuing works with. */
export interface CertificateDependencies {
  readonly clock: Clock;
  readonly store: Store;
  readonly authority: CertificateAuthority;
  readonly observer?: AdmissionObserver;
}

/** Told of what is admitted and issued, for the metrics. */
export interface AdmissionObserver {
  enrolment(result: ErrorCode | 'enrolled'): void;
  /** A machine was given a certificate. */
  issued(occasion: 'enrolment' | 'renewal'): void;
}

/** What a machine is given when it enrols; chain and trust in PEM. */
export interface Enrolled {
  readonly enrolment: Enrolment;
  readonly chain: readonly string[];
  readonly trust: readonly string[];
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
  readonly #validityMs: number;

  /** @param options.validityMs validity of a machine's certificate in milliseconds, one minute … 45 days */
  constructor(dependencies: CertificateDependencies, options: { readonly validityMs: number }) {
    this.#dependencies = dependencies;
    this.#validityMs = options.validityMs;
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

  async #redeem({ token, csr, hostname, facts }: EnrolmentInput): Promise<Enrolled> {
    const { clock, store, authority } = this.#dependencies;
    const { spki, fingerprint } = await verifyCsr(csr);
    let issued: IssuedCertificate | undefined;
    const enrolment = await store.enrol({
      token: { id: token.idText, secretHash: hashSecret(token.secret) },
      fingerprint,
      spki,
      shortCode: shortCode(fingerprint),
      requestedHostname: hostname,
      facts,
      now: clock.now(),
      issue: async () => {
        issued = await this.#issue(spki);
        return credentialOf(issued);
      },
    });
    return { enrolment, chain: (issued as IssuedCertificate).chainPem, trust: [authority.rootPem] };
  }

  #issue(spki: Uint8Array): Promise<IssuedCertificate> {
    const { authority, clock } = this.#dependencies;
    return authority.issueMachine({ spki, now: clock.now(), validityMs: this.#validityMs });
  }
}

function credentialOf({ serial, issuer, notBeforeMs, notAfterMs, der }: IssuedCertificate): NewCredential {
  return { serial, issuer, notBefore: notBeforeMs, notAfter: notAfterMs, der };
}
