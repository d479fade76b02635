import type { Clock } from '@qconn/clock';
import { DRAIN_MS, ERROR_TABLE, QconnError } from '@qconn/protocol';
import type { Connection, SocketAddress } from '../connection.ts';
import type { ConnectTarget, Endpoint } from '../endpoint.ts';
import { drainWithin } from '../drain.ts';
import type { ConnectionRouter } from '../router.ts';
import { MemoryConnection } from './memory-connection.ts';
import type { MemoryEndpointOptions } from './memory-network.ts';

/** What the endpoints of a network share. */
export interface SharedNetwork {
  readonly endpoints: Map<string, MemoryEndpoint>;
  readonly schedule: (act: () => void) => void;
  readonly clock: Clock;
}

/** An endpoint of a memory network. */
export class MemoryEndpoint implements Endpoint {
  readonly address: SocketAddress;
  readonly #network: SharedNetwork;
  readonly #options: Omit<MemoryEndpointOptions, 'handlers' | 'identify'>;
  readonly #router: ConnectionRouter | undefined;
  readonly #connections = new Set<MemoryConnection>();
  #closed = false;
  #accepting = true;

  /** @param router who takes connections; without one the endpoint only connects */
  constructor(
    network: SharedNetwork,
    options: Omit<MemoryEndpointOptions, 'handlers' | 'identify'> & { readonly address: SocketAddress },
    router: ConnectionRouter | undefined,
  ) {
    this.#router = router;
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
    if (server === undefined || server.#router === undefined || !server.#accepting) throw new QconnError('unreachable');
    return server.#admit(this, target, server.#router);
  }

  /** Certificates are not verified here: nothing to reload. */
  reload(): void {}

  drain(deadlineMs: number = DRAIN_MS): Promise<void> {
    this.#accepting = false;
    const accepted = [...this.#connections].filter(({ role }) => role === 'server');
    return drainWithin(this.#network.clock, deadlineMs, async (deadline) => this.#router?.drain(accepted, deadline));
  }

  async close(code: number = ERROR_TABLE.closed.wire, reason = ''): Promise<void> {
    this.#closed = true;
    this.#network.endpoints.delete(keyOf(this.address));
    for (const connection of this.#connections) connection.close(code, reason);
    await new Promise<void>((resolve) => this.#network.schedule(resolve));
  }

  #admit(client: MemoryEndpoint, target: ConnectTarget, router: ConnectionRouter): Connection {
    const alpn = target.alpns.find((offered) => router.alpns.includes(offered));
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
    this.#network.schedule(() => router.route(theirs));
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
      onReaderError: (error) => this.#router?.readerFailed(connection, error),
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
