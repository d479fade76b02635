import { X509Certificate } from 'node:crypto';
import type { Clock, Timer } from '@qconn/clock';
import { encodeTrust, PackedWriter, type Hello, type TrustHeld } from '@qconn/protocol';
import type { Logger } from '@qconn/startup';
import type { Holding, Store } from '@qconn/store';
import type { HubAuthority } from '../authority/hub-authority.ts';
import type { MachineSession, SessionObserver } from './machine-session.ts';

/** What the distribution of trust works with. */
export interface TrustDistributionDependencies {
  readonly clock: Clock;
  readonly authority: Pick<HubAuthority, 'issuing' | 'trust' | 'rotation'>;
  readonly store: { readonly rotations: Pick<Store['rotations'], 'note'> };
  readonly log: Logger;
}

/** What a machine will come back with, as far as it has said. */
interface Standing {
  /** Of its newest certificate. */
  readonly serial: string;
  /** Whether it has renewed since the CA that signs has changed. */
  readonly renewed: boolean;
}

/** How long what machines say is gathered before it is written, in milliseconds: a fleet says it all at once. */
const GATHER_MS = 100;

/** Machines in one write: some hundred kilobytes. */
const WRITE_MAX = 1_000;

/**
 * Brings the roots to trust to every machine that is connected, and notes what each has on disk while the root is being
 * replaced: that is what says when the old one may go.
 */
export class TrustDistribution implements Pick<SessionObserver, 'began' | 'ended' | 'held'> {
  readonly #dependencies: TrustDistributionDependencies;
  readonly #writer = new PackedWriter();
  /** Sessions whose machines understand Trust frames. */
  readonly #sessions = new Map<MachineSession, Standing>();
  readonly #said = new Map<string, Holding>();
  /** Pin of the CA that signs. */
  #issuer: string;
  #timer: Timer | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(dependencies: TrustDistributionDependencies) {
    this.#dependencies = dependencies;
    this.#issuer = dependencies.authority.issuing.issuingPin;
  }

  began(session: MachineSession, { trust }: Hello): void {
    if (trust === undefined) return;
    const { authority } = this.#dependencies;
    const { credentialSerial: serial } = session.auth;
    this.#sessions.set(session, { serial, renewed: false });
    this.#note(session, { trust, serial });
    if (trust !== authority.trust.id || this.#mustRenew(session)) this.#send(session);
  }

  held(session: MachineSession, held: TrustHeld): void {
    const before = this.#sessions.get(session);
    if (before === undefined) return;
    const renewed = before.renewed || held.serial !== before.serial;
    this.#sessions.set(session, { serial: held.serial, renewed });
    this.#note(session, held);
  }

  ended(session: MachineSession): void {
    this.#sessions.delete(session);
  }

  /** The CA has changed: every machine is told. */
  changed(): void {
    const { issuingPin } = this.#dependencies.authority.issuing;
    const signsAnew = issuingPin !== this.#issuer;
    this.#issuer = issuingPin;
    for (const [session, { serial, renewed }] of this.#sessions) {
      this.#sessions.set(session, { serial, renewed: renewed && !signsAnew });
      this.#send(session);
    }
  }

  /** What has been said is written when it resolves. */
  async close(): Promise<void> {
    this.#timer?.cancel();
    this.#write();
    await this.#writing;
  }

  #send(session: MachineSession): void {
    const { trust, rotation } = this.#dependencies.authority;
    // After a step back there is no spread on record: the same machines renew as after the step ahead.
    const spreadMs = rotation?.renewWithinMs ?? SPREAD_MS;
    const renewWithinMs = this.#mustRenew(session) ? spreadMs : undefined;
    session.send(0, encodeTrust(this.#writer, { roots: trust.der, renewWithinMs }));
  }

  /** Whether the certificate that the machine will come back with is of another CA than the one that signs. */
  #mustRenew(session: MachineSession): boolean {
    const { rotation, issuing } = this.#dependencies.authority;
    if (rotation === undefined) return false;
    const standing = this.#sessions.get(session);
    if (standing === undefined || standing.renewed) return false;
    if (standing.serial !== session.auth.credentialSerial) return true;
    const [leaf] = session.connection.peerCertificates;
    return leaf !== undefined && !isIssuedBy(leaf, issuing.issuingChainPem[0] ?? '');
  }

  /** Outside of a rotation nobody asks. */
  #note({ auth }: MachineSession, { trust, serial }: TrustHeld): void {
    if (this.#dependencies.authority.rotation === undefined) return;
    this.#said.set(auth.fingerprint, { machine: auth.fingerprint, trust, serial });
    this.#timer ??= this.#dependencies.clock.setTimer(GATHER_MS, () => this.#write());
  }

  #write(): void {
    this.#timer = undefined;
    const all = [...this.#said.values()];
    this.#said.clear();
    const { store, log } = this.#dependencies;
    for (let at = 0; at < all.length; at += WRITE_MAX) {
      const part = all.slice(at, at + WRITE_MAX);
      this.#writing = this.#writing
        .then(() => store.rotations.note(part))
        .catch((err: unknown) => {
          // Said again at the next connection; until then the rotation waits for these machines.
          log.warn({ event: 'holdings_not_noted', machines: part.length, err }, 'What machines hold was not noted.');
        });
    }
  }
}

/** Over how long machines renew when nobody has said, in milliseconds. */
const SPREAD_MS = 60_000;

function isIssuedBy(leaf: Uint8Array, issuerPem: string): boolean {
  return new X509Certificate(leaf).checkIssued(new X509Certificate(issuerPem));
}
