import { systemClock } from '@qconn/clock';
import { CLIENT_WINDOWS } from '@qconn/client';
import {
  ALPN_QCONN_1,
  decodeCredit,
  encodeAck,
  encodeHello,
  encodeProvide,
  encodeRequest,
  encodeResponse,
  FrameType,
  IdMap,
  LANES_PER_CONNECTION,
  PackedWriter,
  RequestCredit,
  type Frame,
  type RequestFields,
} from '@qconn/protocol';
import { createQuicEndpoint, Lanes } from '@qconn/transport';
import { SERVICE_TYPE, type BenchMachine } from '../relay/machines.ts';

const NOTHING = new Uint8Array(0);
const BODY = new Uint8Array(256);
const HELLO = { agent: 'lean/1', lanes: LANES_PER_CONNECTION, instance: 'lean', remembersJobs: false };

/** What became of a request: true when it was answered, false when it was refused with an outcome. */
export type Settled = (answered: boolean) => void;

/**
 * A machine that does the least: frames out, frames in, no promise for anything. A hub takes several times as long over
 * an exchange, so that it is the hub which is overloaded, where clients on the same two cores would be long before it.
 */
export class LeanMachine {
  readonly #writer = new PackedWriter();
  readonly #settled = new IdMap<Settled>();
  readonly #lanes: Lanes;
  readonly #credit = new RequestCredit();
  readonly #unheard = new IdMap<true>();
  readonly #ready: Promise<void>;
  #lastId = 0;

  private constructor(connection: Parameters<typeof Lanes.open>[0], provides: boolean) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#ready = promise;
    this.#lanes = Lanes.open(connection, LANES_PER_CONNECTION, {
      frame: (frame) => {
        this.#heard(frame.id);
        if (frame.type === FrameType.Deliver) this.#answer(frame);
        else if (frame.type === FrameType.Response || frame.type === FrameType.Outcome) this.#settle(frame);
        else if (frame.type === FrameType.Credit) this.#credit.granted(decodeCredit(frame), performance.now());
        else if (frame.type === FrameType.Provided || (frame.type === FrameType.Welcome && !provides)) resolve();
        else if (frame.type === FrameType.Welcome) this.#provide();
      },
      failed: (error) => {
        throw error;
      },
    });
    void connection.closed.then(({ error }) => {
      throw error;
    });
    this.#lanes.send(0, encodeHello(this.#writer, HELLO));
  }

  /** Connects a machine; one that provides answers each request with itself. */
  static async connect({ tls }: BenchMachine, port: number, provides: boolean): Promise<LeanMachine> {
    const endpoint = await createQuicEndpoint({ clock: systemClock }, CLIENT_WINDOWS);
    const address = { host: '127.0.0.1', port };
    const connection = await endpoint.connect({ address, serverName: '127.0.0.1', alpns: [ALPN_QCONN_1], tls });
    const machine = new LeanMachine(connection, provides);
    await machine.#ready;
    return machine;
  }

  /** @param beyond also beyond what the hub allows; otherwise that is refused here, as a client does */
  request(provider: string, beyond: boolean, settled: Settled): void {
    if (!beyond && !this.#credit.allows(performance.now())) return settled(false);
    const id = ++this.#lastId;
    this.#settled.set(id, settled);
    this.#unheard.set(id, true);
    this.#credit.sent();
    this.#lanes.send(id, encodeRequest(this.#writer, id, requestTo(provider)));
  }

  #heard(id: number): void {
    if (this.#unheard.delete(id)) this.#credit.heard();
  }

  #settle({ id, type }: Frame): void {
    const settled = this.#settled.get(id);
    this.#settled.delete(id);
    settled?.(type === FrameType.Response);
  }

  #provide(): void {
    this.#lanes.send(1, encodeProvide(this.#writer, 1, { device: 'echo', serviceTypes: [SERVICE_TYPE] }));
  }

  #answer({ id, body }: Frame): void {
    this.#lanes.send(id, encodeAck(this.#writer, id));
    this.#lanes.send(id, encodeResponse(this.#writer, id, { headers: NOTHING, body, streamed: undefined }));
  }
}

function requestTo(machine: string): Parameters<typeof encodeRequest>[2] {
  return {
    address: { serviceType: SERVICE_TYPE, machine, device: 'echo' },
    resolutionMs: 10_000,
    jobMs: 30_000,
    idempotencyKey: undefined,
    stickyKey: undefined,
    waitForTarget: false,
    inquiry: false,
    headers: NOTHING,
    body: BODY,
    streamed: undefined,
  } satisfies RequestFields & Record<string, unknown>;
}
