import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Credential } from '@qconn/identity';
import { ALPN_QCONN_1, QconnError } from '@qconn/protocol';
import type { Connection, Endpoint, SocketAddress } from '@qconn/transport';
import { isPermanent } from './supervisor.ts';

/** Connects to the first hub address that answers; each dial begins where the last one succeeded. */
export class HubDialer {
  readonly #endpoint: Endpoint;
  readonly #credential: () => Credential;
  #preferred = 0;

  /** @param dependencies.credential the credential to use now: a renewed one takes effect with the next dial */
  constructor(dependencies: { readonly endpoint: Endpoint; readonly credential: () => Credential }) {
    this.#endpoint = dependencies.endpoint;
    this.#credential = dependencies.credential;
  }

  /** @throws QconnError when no address answers: a refusal that only a person can mend, if one of them gave one, else the last failure */
  async dial(signal: AbortSignal): Promise<Connection> {
    const { quic } = this.#credential().hub;
    let failure = new QconnError('unreachable', 'The credential names no hub address.');
    for (let n = 0; n < quic.length; n++) {
      const index = (this.#preferred + n) % quic.length;
      try {
        const connection = await this.#dialHost(quic[index] as SocketAddress, signal);
        this.#preferred = index;
        return connection;
      } catch (error) {
        if (signal.aborted || !(error instanceof QconnError)) throw error;
        failure = weightier(failure, error);
      }
    }
    throw failure;
  }

  async #dialHost({ host, port }: SocketAddress, signal: AbortSignal): Promise<Connection> {
    let failure = new QconnError('unreachable', `The host name ${host} has no address.`);
    for (const address of await resolveHost(host)) {
      try {
        return await this.#connect({ host: address, port }, host, signal);
      } catch (error) {
        if (signal.aborted || !(error instanceof QconnError)) throw error;
        failure = weightier(failure, error);
      }
    }
    throw failure;
  }

  #connect(address: SocketAddress, serverName: string, signal: AbortSignal): Promise<Connection> {
    const { privateKeyPem, chainPem, trustBundlePem } = this.#credential();
    const tls = { keyPem: privateKeyPem, chainPem, trustPem: trustBundlePem };
    return this.#endpoint.connect({ address, serverName, alpns: [ALPN_QCONN_1], tls, signal });
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
