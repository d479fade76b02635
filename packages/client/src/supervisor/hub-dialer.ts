import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Credential } from '@qconn/identity';
import { ALPN_QCONN_1, QconnError } from '@qconn/protocol';
import type { Connection, Endpoint, SocketAddress } from '@qconn/transport';
import type { SessionTickets } from '../credential/session-tickets.ts';
import { isPermanent } from './supervisor.ts';

/** What is done with a connection before its first packet leaves. Anybody can repeat to the hub what is said then. */
export type EarlyData = (connection: Connection) => void;

interface How {
  readonly signal: AbortSignal;
  readonly early: EarlyData | undefined;
}

/** Connects to the first hub address that answers; each dial begins where the last one succeeded. */
export class HubDialer {
  readonly #endpoint: Endpoint;
  readonly #credential: () => Credential;
  readonly #tickets: SessionTickets | undefined;
  #preferred = 0;

  /**
   * @param dependencies.credential the credential to use now: a renewed one takes effect with the next dial
   * @param dependencies.tickets those of earlier connections; without them every handshake is a full one
   */
  constructor(dependencies: {
    readonly endpoint: Endpoint;
    readonly credential: () => Credential;
    readonly tickets?: SessionTickets;
  }) {
    this.#endpoint = dependencies.endpoint;
    this.#credential = dependencies.credential;
    this.#tickets = dependencies.tickets;
  }

  /**
   * @param early given a connection before its first packet leaves, where a ticket lets something be said that early;
   *   of several such connections the one that is returned counts
   * @throws QconnError when no address answers: a refusal that only a person can mend, if one of them gave one, else the last failure
   */
  async dial(signal: AbortSignal, early?: EarlyData): Promise<Connection> {
    const { quic } = this.#credential().hub;
    let failure = new QconnError('unreachable', 'The credential names no hub address.');
    for (let n = 0; n < quic.length; n++) {
      const index = (this.#preferred + n) % quic.length;
      try {
        const connection = await this.#dialHost(quic[index] as SocketAddress, { signal, early });
        this.#preferred = index;
        return connection;
      } catch (error) {
        if (signal.aborted || !(error instanceof QconnError)) throw error;
        failure = weightier(failure, error);
      }
    }
    throw failure;
  }

  async #dialHost(hub: SocketAddress, how: How): Promise<Connection> {
    const { host, port } = hub;
    let failure = new QconnError('unreachable', `The host name ${host} has no address.`);
    for (const address of await resolveHost(host)) {
      try {
        return await this.#connect({ host: address, port }, hub, how);
      } catch (error) {
        if (how.signal.aborted || !(error instanceof QconnError)) throw error;
        failure = weightier(failure, error);
      }
    }
    throw failure;
  }

  async #connect(address: SocketAddress, hub: SocketAddress, { signal, early }: How): Promise<Connection> {
    const { privateKeyPem, chainPem, trustBundlePem } = this.#credential();
    const tls = { keyPem: privateKeyPem, chainPem, trustPem: trustBundlePem };
    const leaf = chainPem[0] ?? '';
    const onTicket = (given: Uint8Array): void => this.#tickets?.keep(hub, leaf, given);
    const target = { address, serverName: hub.host, alpns: [ALPN_QCONN_1], tls, signal, onTicket };
    const ticket = this.#tickets?.find(hub, leaf);
    if (ticket === undefined) return this.#endpoint.connect(target);
    try {
      return await this.#endpoint.connect({ ...target, ticket, ...(early && { early }) });
    } catch (error) {
      // What a ticket vouches for may be out of date where certificates shown anew are not, as after a change of the CA.
      if (!(error instanceof QconnError) || !isPermanent(error)) throw error;
      this.#tickets?.forget(hub);
      return this.#endpoint.connect(target);
    }
  }
}

/** An address that is down must not hide that another one has said `revoked`. */
function weightier(before: QconnError, now: QconnError): QconnError {
  return isPermanent(before) ? before : now;
}

/** The addresses of a host, resolved anew each time. @throws QconnError `unreachable` */
async function resolveHost(host: string): Promise<string[]> {
  if (isIP(host) !== 0) return [host];
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch (cause) {
    throw new QconnError('unreachable', `The host name ${host} does not resolve.`, { cause });
  }
}
