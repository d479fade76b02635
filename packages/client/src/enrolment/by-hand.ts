import { X509Certificate } from 'node:crypto';
import { systemClock, type Clock } from '@qconn/clock';
import {
  createCsr,
  encodePem,
  exportPrivateKeyPem,
  exportSpki,
  fingerprintOf,
  TrustBundle,
  verifyChain,
  type CredentialStore,
} from '@qconn/identity';
import { isQconnError, QconnError } from '@qconn/protocol';
import { parseHubUrl } from '../https/hub-url.ts';
import { addressesOf, type Enrolment } from './enroll.ts';
import { readEnrolmentAnswer, type EnrolmentAnswer } from './enrolment-answer.ts';

/** A certificate request that is carried to the hub by hand. */
export interface EnrolmentRequest {
  /** PKCS#10 in PEM. Not secret. */
  readonly csrPem: string;
  readonly fingerprint: string;
}

/**
 * Makes a certificate request for this machine's key, which is made and stored first if there is none.
 * @throws QconnError as `CredentialStore.keyPair`
 */
export async function requestByHand(store: CredentialStore): Promise<EnrolmentRequest> {
  const keys = await store.keyPair();
  return {
    csrPem: encodePem('CERTIFICATE REQUEST', await createCsr(keys)),
    fingerprint: fingerprintOf(await exportSpki(keys.publicKey)),
  };
}

/** What was brought back from the hub. */
export interface BroughtAnswer {
  /** The hub's HTTPS address. */
  readonly hub: string;
  /** The text of the file that `qconn-hub certs issue-machine` wrote. Whoever writes it says which hub is trusted. */
  readonly answer: string;
  readonly store: CredentialStore;
  readonly clock?: Clock;
}

/**
 * Stores the credential that the hub issued for {@link requestByHand}, once it is seen to be whole and for this machine's key.
 * Nothing is stored otherwise.
 * @throws QconnError `usage`, `invalid_request`, `certificate_…`; as `CredentialStore.save`
 */
export async function enrollByHand({
  hub,
  answer: text,
  store,
  clock = systemClock,
}: BroughtAnswer): Promise<Enrolment> {
  const url = parseHubUrl(hub);
  const answer = parseAnswer(text);
  const [leafDer, ...intermediatesDer] = answer.chain.map(derOf);
  const verified = verifyChain({
    leafDer: leafDer as Uint8Array,
    intermediatesDer,
    roots: TrustBundle.parse(answer.trust),
    now: clock.now(),
    purpose: 'machine',
  });
  const keys = await store.keyPair();
  const own = fingerprintOf(await exportSpki(keys.publicKey));
  if (verified.fingerprint !== own)
    throw new QconnError('invalid_request', `The certificate is for ${verified.fingerprint}; this machine is ${own}.`);
  await store.save({
    privateKeyPem: exportPrivateKeyPem(keys.privateKey),
    chainPem: answer.chain,
    trustBundlePem: answer.trust,
    hub: { https: url.origin, quic: addressesOf(answer, url) },
  });
  return answer.machine;
}

function parseAnswer(text: string): EnrolmentAnswer {
  try {
    return readEnrolmentAnswer(JSON.parse(text));
  } catch (cause) {
    if (!(cause instanceof SyntaxError) && !isQconnError(cause, 'unreachable')) throw cause;
    throw new QconnError('invalid_request', 'That is not what `qconn-hub certs issue-machine` wrote.', { cause });
  }
}

function derOf(pem: string): Uint8Array {
  try {
    return new X509Certificate(pem).raw;
  } catch (cause) {
    throw new QconnError('invalid_request', 'A certificate in the enrolment cannot be read.', { cause });
  }
}
