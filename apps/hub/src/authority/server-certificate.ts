import { hostname } from 'node:os';
import type { Clock, Timer } from '@qconn/clock';
import {
  exportPrivateKeyPem,
  exportSpki,
  generateKeyPair,
  nextRenewal,
  type IssuedCertificate,
  type KeyPair,
} from '@qconn/identity';
import { isHostname } from '@qconn/protocol';
import type { TlsIdentity } from '@qconn/transport';
import type { HubAuthority } from './hub-authority.ts';

/** What the hub's own certificate is made with. */
export interface ServerCertificateDependencies {
  readonly clock: Clock;
  readonly random: () => number;
  readonly authority: Pick<HubAuthority, 'serving' | 'vouching' | 'trust'>;
  /** Told of each certificate, for the inventory. */
  readonly onIssued?: (certificate: IssuedCertificate, hosts: readonly string[]) => void;
}

/** One issue of the hub's certificate. Each chain ends with its root. */
interface Issue {
  readonly own: IssuedCertificate;
  readonly rootPem: string;
  /** Of the same key, below another root. */
  readonly vouchers: readonly (readonly string[])[];
}

/**
 * The hub's own certificate. Its key lives in memory and is new with every start; the certificate is
 * renewed while the hub runs, for new connections, and live ones go on.
 */
export class ServerCertificate {
  readonly #dependencies: ServerCertificateDependencies;
  readonly #hosts: readonly string[];
  readonly #keys: KeyPair;
  #issued: Issue;
  #random01: number;
  #heldSince: number;
  #timer: Timer | undefined;
  #closed = false;

  private constructor(
    dependencies: ServerCertificateDependencies,
    hosts: readonly string[],
    keys: KeyPair,
    issued: Issue,
  ) {
    this.#dependencies = dependencies;
    this.#hosts = hosts;
    this.#keys = keys;
    this.#issued = issued;
    this.#random01 = dependencies.random();
    this.#heldSince = dependencies.clock.monotonic();
  }

  /** @param hosts names and IP addresses beside this system's own name, if that can stand in a certificate, and loopback. @throws QconnError `hostname_invalid`, `ca_unusable` */
  static async issue(
    dependencies: ServerCertificateDependencies,
    hosts: readonly string[],
  ): Promise<ServerCertificate> {
    const keys = await generateKeyPair();
    const own = [hostname().toLowerCase()].filter(isHostname);
    const all = [...new Set([...hosts, ...own, 'localhost', '127.0.0.1', '::1'])];
    return new ServerCertificate(dependencies, all, keys, await issue(dependencies, all, keys));
  }

  /** Names and IP addresses that the certificate carries. */
  get hosts(): readonly string[] {
    return this.#hosts;
  }

  /** End of its validity, epoch milliseconds. */
  get notAfterMs(): number {
    return this.#issued.own.notAfterMs;
  }

  /** What QUIC presents and trusts. */
  get tls(): TlsIdentity {
    return {
      keyPem: exportPrivateKeyPem(this.#keys.privateKey),
      chainPem: this.#issued.own.chainPem,
      trustPem: this.#dependencies.authority.trust.pem,
    };
  }

  /** What HTTPS presents: the root too, because a client that knows only its pin has to see it. */
  get https(): { readonly key: string; readonly cert: string } {
    const { keyPem, chainPem } = this.tls;
    return { key: keyPem, cert: [...chainPem, this.#issued.rootPem].join('') };
  }

  /** Other chains for the same key, each with its root: for whoever knows only the pin of the root to come. */
  get vouchers(): readonly (readonly string[])[] {
    return this.#issued.vouchers;
  }

  /** Renews when due, until closed. @param onRenewed puts the new certificate to use; a failure to issue is reported to it */
  keep(onRenewed: (failure?: unknown) => void): void {
    const { clock } = this.#dependencies;
    const { notBeforeMs, notAfterMs } = this.#issued.own;
    const { state, waitMs } = nextRenewal({
      notBeforeMs,
      notAfterMs,
      nowMs: clock.now(),
      random01: this.#random01,
      heldMs: clock.monotonic() - this.#heldSince,
    });
    if (state === 'waiting' || waitMs > 0) this.#timer = clock.setTimer(waitMs, () => this.keep(onRenewed));
    else void this.#renew(onRenewed);
  }

  /** Renews at once, because the CA has changed. */
  renewNow(onRenewed: (failure?: unknown) => void): void {
    this.#timer?.cancel();
    void this.#renew(onRenewed);
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  async #renew(onRenewed: (failure?: unknown) => void): Promise<void> {
    const { clock, random } = this.#dependencies;
    try {
      const issued = await issue(this.#dependencies, this.#hosts, this.#keys);
      if (this.#closed) return;
      this.#issued = issued;
      this.#random01 = random();
      this.#heldSince = clock.monotonic();
      onRenewed();
      this.keep(onRenewed);
    } catch (failure) {
      if (this.#closed) return;
      onRenewed(failure);
      this.#timer = clock.setTimer(RETRY_MS, () => this.keep(onRenewed));
    }
  }
}

/** Wait after a renewal of the hub's own certificate that failed, in milliseconds: nothing outside is involved. */
const RETRY_MS = 60_000;

async function issue(
  { authority, clock, onIssued }: ServerCertificateDependencies,
  hosts: readonly string[],
  keys: KeyPair,
): Promise<Issue> {
  const { serving, vouching } = authority;
  const wanted = { spki: await exportSpki(keys.publicKey), hosts, now: clock.now() };
  const own = await serving.issueServer(wanted);
  const voucher = await vouching?.issueServer(wanted);
  for (const issued of [own, voucher]) if (issued !== undefined) onIssued?.(issued, hosts);
  return {
    own,
    rootPem: serving.rootPem,
    vouchers: voucher === undefined || vouching === undefined ? [] : [[...voucher.chainPem, vouching.rootPem]],
  };
}
