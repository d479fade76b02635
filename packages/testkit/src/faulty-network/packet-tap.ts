import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** Somebody on the way of one client to its server, who keeps the client's first packets to send them again. */
export class PacketTap {
  readonly #towardsClient: Socket;
  readonly #towardsServer: Socket;
  readonly #replaying: Socket;
  readonly #firstFlight: Buffer[] = [];
  #answered = false;
  #client = 0;

  private constructor() {
    this.#towardsClient = createSocket('udp4');
    this.#towardsServer = createSocket('udp4');
    this.#replaying = createSocket('udp4');
  }

  /** @param server where what comes is passed on to */
  static async before(server: { readonly host: string; readonly port: number }): Promise<PacketTap> {
    const tap = new PacketTap();
    tap.#towardsClient.on('message', (bytes, { port }) => tap.#fromClient(bytes, port));
    tap.#towardsServer.on('message', (bytes) => tap.#fromServer(bytes));
    tap.#towardsClient.bind(0, '127.0.0.1');
    for (const socket of [tap.#towardsServer, tap.#replaying]) socket.connect(server.port, server.host);
    await Promise.all([
      once(tap.#towardsClient, 'listening'),
      once(tap.#towardsServer, 'connect'),
      once(tap.#replaying, 'connect'),
    ]);
    return tap;
  }

  /** Where the client is to connect to. */
  get address(): { host: string; port: number } {
    return { host: '127.0.0.1', port: this.#towardsClient.address().port };
  }

  /** Sends what the client had sent before the server answered once more, from elsewhere. Resolves with the first answer. */
  async replay(): Promise<void> {
    for (const bytes of this.#firstFlight) this.#replaying.send(bytes);
    await once(this.#replaying, 'message');
  }

  close(): void {
    for (const socket of [this.#towardsClient, this.#towardsServer, this.#replaying]) socket.close();
  }

  #fromClient(bytes: Buffer, port: number): void {
    this.#client = port;
    if (!this.#answered) this.#firstFlight.push(bytes);
    this.#towardsServer.send(bytes);
  }

  #fromServer(bytes: Buffer): void {
    this.#answered = true;
    this.#towardsClient.send(bytes, this.#client, '127.0.0.1');
  }
}
