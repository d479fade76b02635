import type { BodyKind, BodyOpening } from '@qconn/protocol';
import { createMemoryNetwork, type Connection, type Stream, type StreamEnd } from '@qconn/transport';
import type { Connected, RelayStage } from './relay-stage.ts';

const TLS = { keyPem: '', chainPem: [], trustPem: [] };

/** The body streams of one recorded machine, over a connection of their own: what the hub asks of it, and what it asks the hub. */
export class BodyMachine {
  /** Streams on which the hub has asked this machine for a body. */
  readonly asked: Stream[] = [];
  readonly #stage: RelayStage;
  /** What was asked of the hub and has not reached it, in that order. */
  readonly #wanted: BodyOpening[] = [];
  readonly #ownSide: Connection;

  private constructor(stage: RelayStage, machine: Connected, hubSide: Connection, ownSide: Connection) {
    this.#stage = stage;
    this.#ownSide = ownSide;
    machine.peer.onBody = () => {
      const opened = hubSide.openStream();
      opened.write(Uint8Array.of(0));
      return opened;
    };
    ownSide.onStream((stream) => this.asked.push(stream));
    hubSide.onStream((sink) => this.#stage.relay.wanted(machine.session, this.#wanted.shift() as BodyOpening, sink));
  }

  static async join(stage: RelayStage, machine: Connected): Promise<BodyMachine> {
    const network = createMemoryNetwork();
    const accepted = Promise.withResolvers<Connection>();
    const server = network.createEndpoint({ handlers: { test: (connection) => accepted.resolve(connection) } });
    const own = await network
      .createEndpoint({ certificates: [Uint8Array.of(1)] })
      .connect({ address: server.address, serverName: 'hub', alpns: ['test'], tls: TLS });
    return new BodyMachine(stage, machine, await accepted.promise, own);
  }

  /** Asks the hub for a body. */
  ask(kind: BodyKind, id: number): ReadBody {
    const stream = this.#ownSide.openStream();
    this.#wanted.push({ kind, id });
    stream.write(Uint8Array.of(0));
    return new ReadBody(stream);
  }

  /** The stream on which the hub asks for the n-th body, there already or still to come. */
  async stream(n: number): Promise<Stream> {
    while (this.asked.length < n) await turn();
    return this.asked[n - 1] as Stream;
  }

  /** Ends what it has, as a lost connection does. */
  lose(): void {
    this.#ownSide.close(0x40, '');
  }
}

/** What comes of a body that was asked for. */
export class ReadBody {
  readonly stream: Stream;
  bytes = 0;
  end: StreamEnd | undefined;

  constructor(stream: Stream) {
    this.stream = stream;
    stream.read({ data: (chunk) => (this.bytes += chunk.length), end: (end) => (this.end = end) });
  }

  async ended(): Promise<StreamEnd> {
    while (this.end === undefined) await turn();
    return this.end;
  }

  async has(bytes: number): Promise<void> {
    while (this.bytes < bytes) await turn();
  }
}

export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
