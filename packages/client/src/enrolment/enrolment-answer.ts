import { QconnError } from '@qconn/protocol';

/** The hub's answer to an enrolment. */
export interface EnrolmentAnswer {
  readonly machine: {
    readonly fingerprint: string;
    readonly shortCode: string;
    readonly status: 'pending' | 'authorized';
    readonly notApproved?: string;
  };
  /** PEM, the machine's own certificate first. */
  readonly chain: readonly string[];
  /** PEM roots. */
  readonly trust: readonly string[];
  readonly quic: {
    /** UDP port at the host that was enrolled with. */
    readonly port: number;
    /** Where the hub wants to be reached; empty for that host and port. */
    readonly addresses: readonly { readonly host: string; readonly port: number }[];
  };
}

/** Checks the shape of the hub's answer. @throws QconnError `unreachable` when it is not a hub's */
export function readEnrolmentAnswer(value: unknown): EnrolmentAnswer {
  const answer = value as Partial<EnrolmentAnswer> | null | undefined;
  const whole =
    typeof answer?.machine?.fingerprint === 'string' &&
    typeof answer.machine.shortCode === 'string' &&
    (answer.machine.status === 'pending' || answer.machine.status === 'authorized') &&
    ['string', 'undefined'].includes(typeof answer.machine.notApproved) &&
    isTexts(answer.chain) &&
    isTexts(answer.trust) &&
    Number.isInteger(answer.quic?.port) &&
    Array.isArray(answer.quic?.addresses) &&
    answer.quic.addresses.every((address) => isAddress(address));
  if (!whole) throw new QconnError('unreachable', 'The answer to the enrolment is not that of a qconn hub.');
  return answer as EnrolmentAnswer;
}

function isAddress(value: { host?: unknown; port?: unknown } | null): boolean {
  return typeof value?.host === 'string' && Number.isInteger(value.port);
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string');
}
