import type { ErrorCode } from '@qconn/protocol';
import type { Registry } from 'prom-client';
import type { AdmissionObserver } from '../admission/certificates.ts';
import { Tally } from './tally.ts';

type Occasion = Parameters<AdmissionObserver['issued']>[0];

/** Enrolments and the certificates of machines. */
export class AdmissionMetrics implements AdmissionObserver {
  readonly #enrolments: Tally<ErrorCode | 'enrolled'>;
  readonly #issued: Tally<Occasion>;

  constructor(registry: Registry) {
    this.#enrolments = new Tally(registry, {
      name: 'qconn_enrolments_total',
      help: 'Enrolments with a well-formed token, by result: enrolled, or an error code',
      label: 'result',
      keys: ['enrolled', 'token_unknown', 'token_spent', 'token_expired', 'token_revoked'],
    });
    this.#issued = new Tally(registry, {
      name: 'qconn_certificates_issued_total',
      help: 'Certificates that machines were given, by occasion',
      label: 'occasion',
      keys: ['enrolment', 'renewal', 'recovery'],
    });
  }

  enrolment(result: ErrorCode | 'enrolled'): void {
    this.#enrolments.add(result);
  }

  issued(occasion: Occasion): void {
    this.#issued.add(occasion);
  }
}
