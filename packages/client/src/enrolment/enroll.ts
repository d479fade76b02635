import { arch, hostname as systemHostname, release, type as systemType } from 'node:os';
import { backoffDelay, systemClock, type Clock } from '@qconn/clock';
import { createCsr, exportPrivateKeyPem, parseSecret, type CredentialStore, type KeyPair } from '@qconn/identity';
import { isHostname, QconnError } from '@qconn/protocol';
import { checkAgent, storeOf } from '../credential/own-credential.ts';
import { HubHttps } from '../https/hub-https.ts';
import { hostOf, parseHubUrl } from '../https/hub-url.ts';
import { wrongArgument } from '../wrong-argument.ts';
import { fetchPinnedTrust } from '../https/pinned-trust.ts';
import { readEnrolmentAnswer, type EnrolmentAnswer } from './enrolment-answer.ts';

/** How to enrol. */
export interface EnrolOptions {
  /** The hub's HTTPS address, such as `https://hub.example:8443`. */
  readonly hub: string;
  /** Enrolment token, `qt1…`. */
  readonly token: string;
  /** Where the credential goes: a store, or its folder. */
  readonly store: CredentialStore | string;
  /** Becomes a new machine with a new key, as after a revocation, whatever the store holds. Default false. */
  readonly newKey?: boolean | undefined;
  /** The hostname to ask for; an administrator decides. Default: this system's. */
  readonly hostname?: string | undefined;
  /** Program and version, such as `qconn-agent/1.0.0`. */
  readonly agent: string;
  readonly clock?: Clock;
}

/** What enrolment gave. Communication comes with an administrator's approval. */
export interface Enrolment {
  readonly fingerprint: string;
  /** What the administrator compares with what the hub shows. */
  readonly shortCode: string;
  readonly status: 'pending' | 'authorized';
  /** Why a token that approves by itself has left the machine pending. */
  readonly notApproved?: string;
}

/** Tries at a hub that does not answer. */
const TRIES = 3;

/**
 * Tries at a hub that answers `rate_limited`, and the first and longest wait between them, in milliseconds: a whole fleet may
 * enrol from behind one address.
 */
const PATIENT_TRIES = 10;
const PATIENCE_BASE_MS = 500;
const PATIENCE_CAP_MS = 15_000;

/**
 * Makes a key on this machine and has the hub certify it. Nothing is sent before the server has shown
 * the root CA whose pin the token carries; the private key is never sent at all. The key is on disk
 * before it is used: a retry after a lost answer, by this process or the next, makes no second machine.
 * @throws QconnError `token_malformed`, `usage` and `hostname_invalid` before the network is touched; `pin_mismatch`, `hub_untrusted`,
 *   `unreachable`; `token_unknown`, `token_spent`, `token_expired`, `token_revoked`, `revoked` from the hub
 */
export async function enroll(options: EnrolOptions): Promise<Enrolment> {
  checkAgent(options);
  if (typeof options.token !== 'string') throw wrongArgument('token', 'an enrolment token (qt1…)', options.token);
  if (typeof options.hub !== 'string')
    throw wrongArgument('hub', 'an address such as https://hub.example:8443', options.hub);
  const store = storeOf('store', options.store);
  const { pin } = parseSecret(options.token, 'qt');
  const url = parseHubUrl(options.hub);
  const hostname = requestedHostname(options.hostname);
  const trust = await fetchPinnedTrust(url, pin as Uint8Array, options.clock ?? systemClock);
  const keys = await store.keyPair({ fresh: options.newKey === true });
  const https = new HubHttps({ url, trustPem: trust.pem });
  try {
    const answer = await requestCertificate(https, { ...options, hostname }, keys);
    await store.save({
      privateKeyPem: exportPrivateKeyPem(keys.privateKey),
      chainPem: answer.chain,
      trustBundlePem: answer.trust,
      hub: { https: url.origin, quic: addressesOf(answer, url) },
    });
    return answer.machine;
  } finally {
    https.close();
  }
}

async function requestCertificate(https: HubHttps, options: EnrolOptions, keys: KeyPair): Promise<EnrolmentAnswer> {
  const body = {
    token: options.token.trim(),
    csr: Buffer.from(await createCsr(keys)).toString('base64'),
    hostname: options.hostname,
    facts: { os: `${systemType()} ${release()}`, arch: arch(), agent: options.agent },
  };
  for (let attempt = 1; ; attempt++) {
    try {
      return readEnrolmentAnswer(await https.call('POST', '/v1/enroll', body));
    } catch (error) {
      if (!(error instanceof QconnError)) throw error;
      if (error.code === 'rate_limited' && attempt < PATIENT_TRIES) await patience(attempt, error, options.clock);
      else if (error.code !== 'unreachable' || attempt >= TRIES) throw error;
    }
  }
}

/** Waits as long as the hub asks, plus a random time that grows with each try. */
async function patience(attempt: number, { retryAfterMs = 0 }: QconnError, clock: Clock = systemClock): Promise<void> {
  const jitter = { attempt, baseMs: PATIENCE_BASE_MS, capMs: PATIENCE_CAP_MS, random01: Math.random() };
  await new Promise<void>((resolve) => void clock.setTimer(retryAfterMs + backoffDelay(jitter), resolve));
}

/** A hostname that was asked for has to be usable; the system's own is only a suggestion. */
function requestedHostname(given: string | undefined): string | undefined {
  const name = (given ?? systemHostname()).toLowerCase();
  if (isHostname(name)) return name;
  if (given === undefined) return undefined;
  throw new QconnError('hostname_invalid', `${JSON.stringify(given.slice(0, 80))} is no usable hostname.`);
}

/** A hub that advertises no addresses is where the machine enrolled. */
export function addressesOf({ quic }: EnrolmentAnswer, url: URL): { host: string; port: number }[] {
  return quic.addresses.length > 0 ? [...quic.addresses] : [{ host: hostOf(url), port: quic.port }];
}
