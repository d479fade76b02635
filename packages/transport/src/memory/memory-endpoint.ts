import { ERROR_TABLE, QconnError } from '@qconn/protocol';
import type { Connection, SocketAddress } from '../connection.ts';
import type { ConnectTarget, Endpoint } from '../endpoint.ts';
import { route } from '../router.ts';
import { MemoryConnection } from './memory-connection.ts';
import type { MemoryEndpointOptions } from './memory-network.ts';

/** What the endpoints of a network share. */
export interface SharedNetwork {
  readonly endpoints: Map<string, MemoryEndpoint>;
  readonly schedule: (act: () => void) => void;
}

/** An endpoint of a memory network. */
export class MemoryEndpoint implements Endpoint {
  readonly address: SocketAddress;
  readonly #network: SharedNetwork;
  readonly #options: MemoryEndpointOptions;
  readonly #connections = new Set<MemoryConnection>();
  #closed = false;
  #accepting = true;

  constructor(network: SharedNetwork, options: MemoryEndpointOptions & { readonly address: SocketAddress }) {
    this.#network = network;
    this.#options = options;
    this.address = Object.freeze({ ...options.address });
    if (network.endpoints.has(keyOf(this.address)))
      throw new QconnError('address_in_use', `${keyOf(this.address)} is taken in this network.`);
    network.endpoints.set(keyOf(this.address), this);
  }

  get connections(): number {
    return this.#connections.size;
  }

  async connect(target: ConnectTarget): Promise<Connection> {
    if (this.#closed) throw new QconnError('closed', 'The endpoint has been closed.');
    target.signal?.throwIfAborted();
    await new Promise<void>((resolve) => this.#network.schedule(resolve));
    target.signal?.throwIfAborted();
    const server = this.#network.endpoints.get(keyOf(target.address));
    if (server === undefined || !server.#accepting || server.#options.handlers === undefined)
      throw new QconnError('unreachable');
    return server.#admit(this, target);
  }

  /** Certificates are not verified here: nothing to reload. */
  reload(): void {}

  stopAccepting(): void {
    this.#accepting = false;
  }

  async close(code: number = ERROR_TABLE.closed.wire, reason = ''): Promise<void> {
    this.#closed = true;
    this.#network.endpoints.delete(keyOf(this.address));
    for (const connection of this.#connections) connection.close(code, reason);
    await new Promise<void>((resolve) => this.#network.schedule(resolve));
  }

  #admit(client: MemoryEndpoint, target: ConnectTarget): Connection {
    const handlers = this.#options.handlers ?? {};
    const alpn = target.alpns.find((offered) => Object.hasOwn(handlers, offered));
    if (alpn === undefined) throw this.#refuse(client, new QconnError('no_alpn'));
    const certificates =
      target.tls.chainPem.length > 0 ? target.tls.chainPem.flatMap(derOf) : (client.#options.certificates ?? []);
    if (certificates.length === 0 && (this.#options.requireClientCertificate ?? true))
      throw this.#refuse(client, new QconnError('certificate_required'));
    const ours = client.#newEnd({
      role: 'client',
      alpn,
      remote: this.address,
      peerCertificates: this.#options.certificates ?? [],
    });
    const theirs = this.#newEnd({ role: 'server', alpn, remote: client.address, peerCertificates: certificates });
    MemoryConnection.join(ours, theirs);
    this.#network.schedule(() =>
      route(handlers, theirs, (error) => this.#options.onHandlerError?.({ remote: client.address, alpn, error })),
    );
    return ours;
  }

  #refuse(client: MemoryEndpoint, error: QconnError): QconnError {
    this.#options.onRefused?.({ remote: client.address, error });
    return error;
  }

  #newEnd(end: {
    role: 'client' | 'server';
    alpn: string;
    remote: SocketAddress;
    peerCertificates: readonly Uint8Array[];
  }): MemoryConnection {
    const connection: MemoryConnection = new MemoryConnection({
      ...end,
      local: this.address,
      schedule: this.#network.schedule,
      onClosed: () => this.#connections.delete(connection),
      onReaderError: (error) => this.#options.onHandlerError?.({ remote: end.remote, alpn: end.alpn, error }),
    });
    this.#connections.add(connection);
    return connection;
  }
}

function keyOf({ host, port }: SocketAddress): string {
  return `${host}:${port}`;
}

function derOf(pem: string): Uint8Array[] {
  return [...pem.matchAll(/-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----/g)].map(
    ([, base64]) => new Uint8Array(Buffer.from(base64 ?? '', 'base64')),
  );
}
