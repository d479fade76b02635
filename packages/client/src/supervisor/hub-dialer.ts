import type { Clock } from '@qconn/clock';
import type { Credential } from '@qconn/identity';
import { ALPN_QCONN_1, QconnError } from '@qconn/protocol';
import type { Connection, Endpoint, SocketAddress, TlsIdentity } from '@qconn/transport';
import type { SessionTickets } from '../credential/session-tickets.ts';
import type { HubResolver, Place, Resolution } from './hub-resolver.ts';
import { firstToAnswer } from './staggered.ts';
import { isPermanent } from './supervisor.ts';

/** Time for one address before the next is tried beside it, in milliseconds (RFC 8305, section 5). */
const STAGGER_MS = 250;

/** What is done with a connection before its first packet leaves. Anybody can replay to the hub what is said then. */
export type EarlyData = (connection: Connection) => void;

interface How {
  readonly signal: AbortSignal;
  readonly early: EarlyData | undefined;
}

/** One of the credential's hubs, and where it may be. */
interface HubPlace extends Place {
  readonly index: number;
  readonly hub: SocketAddress;
}

/** Connects to the first hub address that answers; each dial begins with the hub where the last one succeeded. */
export class HubDialer {
  readonly #clock: Clock;
  readonly #endpoint: Endpoint;
  readonly #resolver: HubResolver;
  readonly #credential: () => Credential;
  readonly #tickets: SessionTickets | undefined;
  /** Of each credential one object: by it the endpoint knows what it has read already, which takes a third of a millisecond. */
  readonly #identities = new WeakMap<Credential, TlsIdentity>();
  #preferred = 0;

  /**
   * @param dependencies.credential the credential to use now: a renewed one takes effect with the next dial
   * @param dependencies.tickets those of earlier connections; without them every handshake is a full one
   */
  constructor(dependencies: {
    readonly clock: Clock;
    readonly endpoint: Endpoint;
    readonly resolver: HubResolver;
    readonly credential: () => Credential;
    readonly tickets?: SessionTickets;
  }) {
    this.#clock = dependencies.clock;
    this.#endpoint = dependencies.endpoint;
    this.#resolver = dependencies.resolver;
    this.#credential = dependencies.credential;
    this.#tickets = dependencies.tickets;
  }

  /**
   * @param early given a connection before its first packet leaves, if a ticket allows early data. Only one address at a time
   *   is: of two hellos that arrive together, the hub would end one session for the other
   * @throws QconnError when no address answers: a permanent refusal if there was one, else the last failure
   */
  dial(signal: AbortSignal, early?: EarlyData): Promise<Connection> {
    let greeting = false;
    return firstToAnswer(this.#places(), {
      clock: this.#clock,
      staggerMs: STAGGER_MS,
      signal,
      attempt: async ({ address, hub, serverName, index }, calledOff) => {
        const hello = greeting ? undefined : early;
        greeting = true;
        try {
          const connection = await this.#connect({ address, hub, serverName }, { signal: calledOff, early: hello });
          this.#preferred = index;
          return connection;
        } catch (error) {
          if (hello !== undefined) greeting = false;
          throw error;
        }
      },
      discard: (connection) => connection.close(new QconnError('closed').wire, 'Another address was faster.'),
    });
  }

  /** Where the hub of the last connection is now. @throws QconnError `unreachable` */
  resolveAgain(): Promise<Resolution> {
    const { quic } = this.#credential().hub;
    return this.#resolver.resolve(quic[this.#preferred % quic.length] as SocketAddress);
  }

  /** Every address of every hub. A hub's name is resolved each time its turn comes. */
  async *#places(): AsyncGenerator<HubPlace, undefined> {
    const { quic } = this.#credential().hub;
    let failure = new QconnError('unreachable', 'The credential names no hub address.');
    let found = false;
    for (let n = 0; n < quic.length; n++) {
      const index = (this.#preferred + n) % quic.length;
      const hub = quic[index] as SocketAddress;
      try {
        const { places } = await this.#resolver.resolve(hub);
        for (const place of places) {
          found = true;
          yield { ...place, hub, index };
        }
      } catch (error) {
        if (!(error instanceof QconnError)) throw error;
        failure = error;
      }
    }
    if (!found) throw failure;
    return undefined;
  }

  #identityOf(credential: Credential): TlsIdentity {
    const { privateKeyPem, chainPem, trustBundlePem } = credential;
    const known = this.#identities.get(credential);
    const identity = known ?? { keyPem: privateKeyPem, chainPem, trustPem: trustBundlePem };
    if (known === undefined) this.#identities.set(credential, identity);
    return identity;
  }

  async #connect({ address, hub, serverName }: Omit<HubPlace, 'index'>, { signal, early }: How): Promise<Connection> {
    const credential = this.#credential();
    const tls = this.#identityOf(credential);
    const leaf = credential.chainPem[0] ?? '';
    const onTicket = (given: Uint8Array): void => this.#tickets?.keep(hub, leaf, given);
    const target = { address, serverName, alpns: [ALPN_QCONN_1], tls, signal, onTicket };
    const ticket = this.#tickets?.find(hub, leaf);
    if (ticket === undefined) return this.#endpoint.connect(target);
    try {
      return await this.#endpoint.connect({ ...target, ticket, ...(early && { early }) });
    } catch (error) {
      // The certificates behind a ticket may be out of date, as after a change of the CA: show the present ones.
      if (!(error instanceof QconnError) || !isPermanent(error)) throw error;
      this.#tickets?.forget(hub);
      return this.#endpoint.connect(target);
    }
  }
}
