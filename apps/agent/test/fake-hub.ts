import {
  ALPN_QCONN_1,
  decodeHello,
  decodeOutcome,
  decodeProvide,
  decodeRenew,
  decodeResponse,
  decodeWithdraw,
  encodeDeliver,
  encodeGoAway,
  encodeProvided,
  encodeRenewed,
  encodeStatus,
  encodeWelcome,
  encodeWithdrawn,
  FrameType,
  PackedWriter,
  type Frame,
  type MachineStatus,
  type Outcome,
  QconnError,
} from '@qconn/protocol';
import { Lanes, type AlpnHandlers, type Connection } from '@qconn/transport';

/** How a job ended at the agent. */
export type JobEnd = { readonly body: string } | { readonly outcome: Outcome };

const AUTHORIZED: MachineStatus = { status: 'authorized', hostname: 'printer-pc', roles: ['printer'] };
const PENDING: MachineStatus = { status: 'pending', hostname: undefined, roles: [] };

/** As much of a hub as one agent needs: welcomes it, takes its devices, sends it jobs. */
export class FakeHub {
  /** Devices that the agent provides now. */
  readonly devices = new Map<string, readonly string[]>();
  /** Agents' names from their hellos. */
  readonly agents: string[] = [];
  /** Whether the policy lets the machine provide its devices. */
  permitted = true;
  readonly #writer = new PackedWriter();
  readonly #jobs = new Map<number, (end: JobEnd) => void>();
  /** Signs a certificate request; without it renewals stay unanswered. @returns the chain, DER */
  sign: ((csr: Uint8Array) => Promise<readonly Uint8Array[]>) | undefined;
  /** Called for each agent that is welcomed. */
  onWelcome: () => void = () => {};
  #standing: MachineStatus;
  #lanes: Lanes | undefined;
  #connection: Connection | undefined;
  #lastId = 0;
  readonly #welcomed = Promise.withResolvers<void>();

  constructor(options: { readonly pending?: boolean } = {}) {
    this.#standing = options.pending === true ? PENDING : AUTHORIZED;
  }

  get handlers(): AlpnHandlers {
    return { [ALPN_QCONN_1]: (connection) => this.#serve(connection) };
  }

  /** An administrator authorizes the machine. */
  approve(): void {
    this.#standing = AUTHORIZED;
    this.#lanes?.send(0, encodeStatus(this.#writer, this.#standing));
  }

  /** Resolves when the first agent has been welcomed. */
  welcomed(): Promise<void> {
    return this.#welcomed.promise;
  }

  /** Closes the agent's connection, as a hub that stops or refuses does. */
  disconnect(error: QconnError): void {
    this.#connection?.close(error.wire, error.message);
  }

  /** Asks the agent to connect again, at once. */
  sendAway(): void {
    this.#lanes?.send(0, encodeGoAway(this.#writer, { code: 'going_away', reason: 'Come again.', spreadMs: 0 }));
  }

  /** Sends the agent a job and waits for its end. */
  deliver(device: string, body: string): Promise<JobEnd> {
    const id = ++this.#lastId;
    const deliver = {
      from: { fingerprint: 'qc1sender', hostname: 'lims' },
      serviceType: 'print',
      device,
      jobMs: 30_000,
      idempotencyKey: undefined,
      redelivered: false,
      inquiry: false,
      headers: new Uint8Array(0),
      body: new TextEncoder().encode(body),
    };
    this.#lanes?.send(id, encodeDeliver(this.#writer, id, deliver));
    return new Promise((resolve) => this.#jobs.set(id, resolve));
  }

  #serve(connection: Connection): void {
    let announced = Number.POSITIVE_INFINITY;
    const welcome = (): void => {
      if (lanes.count < announced) return;
      lanes.seal();
      const ids = { hub: 'fake', epoch: '1', session: '1', fingerprint: 'qc1agent', shortCode: 'K7QM-2XPD' };
      lanes.send(0, encodeWelcome(this.#writer, { ...this.#standing, ...ids }));
      const superseded = new QconnError('superseded');
      this.#connection?.close(superseded.wire, superseded.message);
      this.#connection = connection;
      this.#lanes = lanes;
      this.#welcomed.resolve();
      this.onWelcome();
    };
    const frame = (taken: Frame): void => {
      if (taken.type !== FrameType.Hello) return this.#take(lanes, taken);
      const hello = decodeHello(taken);
      this.agents.push(hello.agent);
      announced = hello.lanes;
      welcome();
    };
    const lanes = Lanes.accept(connection, { frame, opened: welcome, failed: () => {} });
  }

  #take(lanes: Lanes, frame: Frame): void {
    switch (frame.type) {
      case FrameType.Provide: {
        const { device, serviceTypes } = decodeProvide(frame);
        this.devices.set(device, serviceTypes);
        return lanes.send(frame.id, encodeProvided(this.#writer, frame.id, this.permitted));
      }
      case FrameType.Withdraw:
        this.devices.delete(decodeWithdraw(frame).device);
        return lanes.send(frame.id, encodeWithdrawn(this.#writer, frame.id));
      case FrameType.Renew:
        return void this.#renew(lanes, frame);
      case FrameType.Response:
        return this.#jobs.get(frame.id)?.({ body: Buffer.from(decodeResponse(frame).body).toString() });
      case FrameType.Outcome:
        return this.#jobs.get(frame.id)?.({ outcome: decodeOutcome(frame) });
      default:
    }
  }

  async #renew(lanes: Lanes, frame: Frame): Promise<void> {
    const chain = await this.sign?.(decodeRenew(frame).csr);
    if (chain !== undefined) lanes.send(frame.id, encodeRenewed(this.#writer, frame.id, { chain }));
  }
}
