import { ManualClock } from '@qconn/clock';
import {
  ALPN_QCONN_1,
  decodeHello,
  encodeProvided,
  encodeWelcome,
  FrameType,
  PackedWriter,
  QconnError,
  type ErrorCode,
  type Frame,
  type Welcome,
} from '@qconn/protocol';
import { createMemoryNetwork, Lanes, type Connection, type Endpoint, type SocketAddress } from '@qconn/transport';
import { Client } from '../src/client.ts';

const WELCOME: Welcome = {
  hub: 'hub',
  epoch: 'run 1',
  session: 'session',
  fingerprint: 'qc1me',
  shortCode: 'K7QM-2XPD',
  status: 'authorized',
  hostname: 'me',
  roles: [],
};

/** One connection as the hub has it. */
export class HubSide {
  readonly writer: PackedWriter = new PackedWriter();
  readonly connection: Connection;
  readonly frames: Frame[] = [];
  readonly #lanes: Lanes;
  readonly #waiting = new Set<() => void>();
  readonly #onFrame: (frame: Frame) => void;
  #hello: Frame | undefined;

  constructor(connection: Connection, onFrame: (hub: HubSide, frame: Frame) => void) {
    this.connection = connection;
    this.#onFrame = (frame) => onFrame(this, frame);
    this.#lanes = Lanes.accept(connection, {
      frame: (frame) => {
        if (frame.type !== FrameType.Hello) return this.#take(frame);
        this.#hello = frame;
        this.#greet();
      },
      opened: () => this.#greet(),
      failed: () => {},
    });
  }

  /** The hello counts when every lane is there: answers go out on all of them. */
  #greet(): void {
    const hello = this.#hello;
    if (hello === undefined || this.#lanes.count < decodeHello(hello).lanes) return;
    this.#hello = undefined;
    this.#lanes.seal();
    this.#take(hello);
  }

  #take(frame: Frame): void {
    this.frames.push(frame);
    this.#onFrame(frame);
    for (const look of this.#waiting) look();
  }

  send(id: number, frame: Uint8Array): void {
    this.#lanes.send(id, frame);
  }

  welcome(welcome: Partial<Welcome> = {}): void {
    this.send(0, encodeWelcome(this.writer, { ...WELCOME, ...welcome }));
  }

  /** The n-th frame of a type, arrived already or still to come. */
  frame(type: number, n = 1): Promise<Frame> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = this.frames.filter((frame) => frame.type === type)[n - 1];
        if (found === undefined) return;
        this.#waiting.delete(look);
        resolve(found);
      };
      this.#waiting.add(look);
      look();
    });
  }

  close(code: ErrorCode): void {
    const error = new QconnError(code);
    this.connection.close(error.wire, error.message);
  }
}

/** A hub of a few lines in a network of memory, and a client of it on a clock that stands still. */
export class ScriptedHub {
  readonly clock: ManualClock = new ManualClock();
  readonly sessions: HubSide[] = [];
  readonly client: Client;
  /** How often the client has dialled. */
  dials = 0;
  /** How often it has let go of what it was given to work with. */
  releases = 0;
  /** What the hub does with a frame; by default it welcomes and takes every device. */
  onFrame: (hub: HubSide, frame: Frame) => void = answerWell;
  /** Whether a dial says hello on a connection beside the one that it ends with. */
  races = false;
  /** Whether the client holds another credential than the one that it dialled with last. */
  holdsNewer = false;
  /** Where its name points now. */
  pointsTo = '192.0.2.7';
  readonly #network = createMemoryNetwork();
  readonly #address: SocketAddress = { host: '192.0.2.7', port: 7443 };
  readonly #waiting = new Set<() => void>();
  #endpoint: Endpoint | undefined;

  constructor() {
    const local = this.#network.createEndpoint({ certificates: [Uint8Array.of(1)] });
    const tls = { keyPem: '', chainPem: [], trustPem: [] };
    this.start();
    this.client = new Client(
      {
        clock: this.clock,
        random: () => 0.5,
        dial: async (signal, early) => {
          this.dials++;
          const target = { address: this.#address, serverName: 'hub', alpns: [ALPN_QCONN_1], tls, signal };
          if (this.races) early(await local.connect(target));
          return local.connect(target);
        },
        resolveAgain: () =>
          Promise.resolve({
            places: [{ address: { host: this.pointsTo, port: 7443 }, serverName: 'hub' }],
            ttlMs: 5_000,
          }),
        keeping: { trustId: () => '', takeTrust: () => {}, isNewer: () => this.holdsNewer },
        release: () => {
          this.releases++;
          return Promise.resolve();
        },
      },
      'test/1',
    );
  }

  /** The hub listens. */
  start(): void {
    this.#endpoint = this.#network.createEndpoint({
      address: this.#address,
      handlers: {
        [ALPN_QCONN_1]: (connection) => {
          this.sessions.push(new HubSide(connection, (hub, frame) => this.onFrame(hub, frame)));
          for (const look of this.#waiting) look();
        },
      },
    });
  }

  /** The hub is gone, with every connection. */
  async stop(code: ErrorCode = 'going_away'): Promise<void> {
    await this.#endpoint?.close(new QconnError(code).wire, '');
  }

  /** The n-th connection that the client has made, there already or still to come. */
  session(n: number): Promise<HubSide> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = this.sessions[n - 1];
        if (found === undefined) return;
        this.#waiting.delete(look);
        resolve(found);
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** Resolves when the client is in a phase; what it was in before it began to be waited for does not count. */
  async phase(phase: Client['phase']): Promise<void> {
    for await (const event of this.client.events()) if (event.kind === 'phase' && event.phase === phase) return;
  }
}

/** Welcomes and takes every device. */
export function answerWell(hub: HubSide, frame: Frame): void {
  if (frame.type === FrameType.Hello) hub.welcome();
  if (frame.type === FrameType.Provide) hub.send(frame.id, encodeProvided(hub.writer, frame.id, true));
}
