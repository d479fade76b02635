import type { Clock } from '@qconn/clock';
import {
  decodeRequestAll,
  encodeTargets,
  QconnError,
  type Frame,
  type Outcome,
  type PackedWriter,
  type Request,
} from '@qconn/protocol';
import type { LiveDevice, Session } from '@qconn/routing';
import type { Admission } from './admission.ts';
import type { ExchangeRunner } from './exchange-runner.ts';
import type { Forwarding } from './forwarding.ts';
import type { HeldRequest, HubFrameMemory } from './frame-memory.ts';
import type { Peer } from './peer.ts';
import { refusalWith } from './refusal.ts';

/** What fan-outs take. */
export interface FanOutDependencies {
  readonly clock: Clock;
  readonly writer: PackedWriter;
  readonly memory: HubFrameMemory;
  readonly admission: Admission;
  readonly runner: ExchangeRunner;
  readonly forwarding: Forwarding;
}

/** Requests to every provider that fits: each becomes as many exchanges as it has targets (docs/adr/0011-a-fan-out-is-many-exchanges.md). */
export class FanOuts {
  readonly #dependencies: FanOutDependencies;

  constructor(dependencies: FanOutDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Takes a RequestAll frame from a sender.
   * @returns how many exchanges it became
   * @throws QconnError for a peer that breaks the protocol
   */
  request(sender: Session<Peer>, frame: Frame): number {
    const { clock, writer, memory, admission, forwarding } = this.#dependencies;
    const now = clock.monotonic();
    const { limit, ...fields } = decodeRequestAll(frame);
    if (!Number.isSafeInteger(frame.id + limit))
      throw new QconnError('bad_frame', 'A RequestAll frame has an id that leaves no room for those of its targets.');
    const request: Request = { ...fields, waitForTarget: false, inquiry: false };
    const refusal = admission.refusal(sender, request, now);
    if (refusal !== undefined) return this.#refuse(sender, frame, refusal);
    const resolution = forwarding.targetsOf(sender.fingerprint, request, limit);
    if (resolution.outcome !== 'resolved')
      return this.#refuse(sender, frame, refusalWith(resolution.outcome, `${resolution.reason}.`));
    const { devices, more } = resolution;
    const tooMany = admission.refusalOfAll(sender, request, devices.length, now);
    if (tooMany !== undefined) return this.#refuse(sender, frame, tooMany);
    sender.value.send(frame.id, encodeTargets(writer, frame.id, { count: devices.length, more }));
    const held = memory.hold(request);
    held.holders = devices.length;
    for (const [index, device] of devices.entries()) this.#member(sender, frame.id + 1 + index, held, device, now);
    return devices.length;
  }

  #refuse(sender: Session<Peer>, { id }: Frame, refusal: Outcome): number {
    this.#dependencies.admission.refuse(sender, id, refusal);
    return 0;
  }

  /** One exchange of a fan-out: from here on it is an exchange like any other. */
  #member(sender: Session<Peer>, requestId: number, held: HeldRequest, device: LiveDevice<Peer>, now: number): void {
    const { admission, runner, forwarding } = this.#dependencies;
    const exchange = admission.open(sender, requestId, held.request, now);
    if (exchange === undefined) return;
    exchange.value.held = held;
    runner.schedule(exchange, now + held.request.resolutionMs);
    forwarding.handOver(exchange, device);
  }
}
