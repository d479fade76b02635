import { DeadlineAlarm, DeadlineQueue, type Clock } from '@qconn/clock';
import { encodeCancel, ERROR_TABLE, type BodyKind, type ErrorCode, type PackedWriter } from '@qconn/protocol';
import type { Quotas, Session } from '@qconn/routing';
import type { Stream } from '@qconn/transport';
import type { HubExchange } from '../hub-exchange.ts';
import type { Peer } from '../peer.ts';
import type { RelayDependencies } from '../relay-dependencies.ts';
import { BodyTransfer } from './body-transfer.ts';
import type { Conversation } from './conversation.ts';
import { Conversations } from './conversations.ts';
import { Slots } from './slots.ts';

/** What relaying bodies takes. */
export interface BodyRelayDependencies {
  readonly clock: Clock;
  readonly writer: PackedWriter;
  readonly quotas: Quotas;
  /** A piece of the request's body has passed: the exchange's job deadline starts again. */
  readonly onRequestMoved: (exchangeId: number) => void;
  /** Told of every piece of a body that is written to its receiver. */
  readonly onRelayed: (kind: BodyKind, bytes: number) => void;
  readonly onBodiesOver: RelayDependencies['onBodiesOver'];
}

/** Limits of the streamed bodies. */
export interface BodyLimits {
  /** Most bytes of one streamed body. */
  readonly bytesMax: number;
  /** Bodies that move at once per machine. */
  readonly streamsPerMachine: number;
}

const BYTES_OF = { request: 'requestBytes', response: 'responseBytes' } as const;

/** Parts of the job deadline that movement has to have crossed before the deadline is put off again. */
const DEADLINE_STEPS = 16;

/**
 * Bodies that are too long for a frame. Whoever is told of one asks for it by opening a stream to the hub, and
 * the hub asks on, by a stream to whoever has it; then it passes on what comes. So nothing moves that nobody
 * reads, and no stream has to wait for the frame that announces it (docs/adr/0010-streamed-bodies.md).
 */
export class BodyRelay {
  readonly #dependencies: BodyRelayDependencies;
  readonly #limits: BodyLimits;
  readonly #conversations = new Conversations();
  readonly #slots: Slots;
  readonly #deadlines = new DeadlineQueue<Conversation>();
  readonly #alarm: DeadlineAlarm;
  readonly #queued = new Map<Conversation, Set<Queued>>();

  constructor(dependencies: BodyRelayDependencies, limits: BodyLimits) {
    this.#dependencies = dependencies;
    this.#limits = limits;
    this.#slots = new Slots(limits);
    this.#alarm = new DeadlineAlarm(dependencies.clock, () => this.#expire());
  }

  /** Exchanges with a body that may still move. */
  get size(): number {
    return this.#conversations.size;
  }

  /** A request with a streamed body was accepted. */
  announced(exchange: HubExchange, sender: Session<Peer>): void {
    this.#conversations.add(conversationOf(exchange, sender, 'announced'));
  }

  /** A request was delivered: its target may now ask for the body. */
  delivered(exchange: HubExchange, target: Session<Peer>): void {
    const conversation = this.#conversations.get(exchange.id);
    if (conversation !== undefined) conversation.target = target;
  }

  /** A provider answers with a streamed body. Nobody to send it to: the provider is told to let go of it. */
  answered(exchange: HubExchange | undefined, id: number, target: Session<Peer>): void {
    if (exchange?.sender === undefined) {
      target.value.send(id, encodeCancel(this.#dependencies.writer, id, 'sender_lost'));
      return;
    }
    const there = this.#conversations.get(id);
    const conversation = there ?? conversationOf(exchange, exchange.sender, 'absent');
    if (there === undefined) this.#conversations.add(conversation);
    conversation.target = target;
    conversation.legs.response = 'announced';
  }

  /** An exchange is over. Only behind a streamed answer do bodies go on, each piece within the job deadline of the last. */
  ended(exchange: HubExchange, outcome: ErrorCode | 'completed'): void {
    const conversation = this.#conversations.get(exchange.id);
    if (conversation === undefined) return;
    if (outcome !== 'completed' || conversation.legs.response !== 'announced')
      return this.#end(conversation, outcome === 'completed' ? 'cancelled' : outcome);
    const at = this.#dependencies.clock.monotonic() + conversation.jobMs;
    conversation.deadline = this.#deadlines.add(at, conversation);
    this.#alarm.noLaterThan(at);
  }

  /** A machine asks for a body, to be written to `sink`. What is over, on its way already, or never was, is reset at once. */
  wanted(session: Session<Peer>, kind: BodyKind, id: number, sink: Stream): void {
    const conversation = this.#conversations.wantedBy(session, kind, id);
    if (conversation?.target === undefined) return sink.reset(ERROR_TABLE.body_cut.wire);
    const machines = [conversation.sender.fingerprint, conversation.target.fingerprint] as const;
    const queued: Queued = { sink, leave: () => undefined };
    this.#queued.set(conversation, (this.#queued.get(conversation) ?? new Set()).add(queued));
    queued.leave = this.#slots.enter(machines, () => {
      this.#queued.get(conversation)?.delete(queued);
      this.#start(conversation, kind, sink, machines);
    });
  }

  /** A session is gone, and with it every body that it was sending or reading. */
  lost(session: Session<Peer>): void {
    for (const conversation of this.#conversations.of(session)) {
      if (conversation.sender === session || conversation.deadline !== undefined) this.#end(conversation, 'body_cut');
      else this.#abandon(conversation);
    }
  }

  /** Cuts whatever still moves. */
  close(): void {
    for (const conversation of [...this.#conversations]) this.#end(conversation, 'hub_draining');
    this.#alarm.cancel();
  }

  #start(conversation: Conversation, kind: BodyKind, sink: Stream, machines: readonly [string, string]): void {
    const { clock } = this.#dependencies;
    if (conversation.legs[kind] !== 'announced') {
      this.#slots.leave(machines);
      return sink.reset(ERROR_TABLE.body_cut.wire);
    }
    const owner = kind === 'request' ? conversation.sender : (conversation.target as Session<Peer>);
    const id = kind === 'request' ? conversation.requestId : conversation.id;
    let source: Stream;
    try {
      source = owner.value.openBody({ kind, id });
    } catch {
      this.#slots.leave(machines);
      return sink.reset(ERROR_TABLE.body_cut.wire);
    }
    conversation.movedAt = clock.monotonic();
    const transfer = new BodyTransfer({
      clock,
      source,
      sink,
      bytesMax: this.#limits.bytesMax,
      onMoved: (bytes) => this.#moved(conversation, kind, owner.fingerprint, bytes),
      onEnd: () => {
        this.#slots.leave(machines);
        // A transfer to a target that was lost may have been followed by one to the same machine, come back.
        if (conversation.legs[kind] === transfer) this.#legOver(conversation, kind);
      },
    });
    conversation.legs[kind] = transfer;
    transfer.start();
  }

  /** @returns milliseconds for which the owner of the body is over its quota */
  #moved(conversation: Conversation, kind: BodyKind, owner: string, bytes: number): number {
    const { clock, quotas, onRelayed, onRequestMoved } = this.#dependencies;
    const now = clock.monotonic();
    const transfer = conversation.legs[kind];
    if (transfer instanceof BodyTransfer) conversation.record[BYTES_OF[kind]] = transfer.bodyBytes;
    onRelayed(kind, bytes);
    if (now - conversation.movedAt >= conversation.jobMs / DEADLINE_STEPS) {
      conversation.movedAt = now;
      if (conversation.deadline === undefined) onRequestMoved(conversation.id);
      else this.#deadlines.reschedule(conversation.deadline, now + conversation.jobMs);
    }
    return quotas.spend(owner, bytes, now);
  }

  #legOver(conversation: Conversation, kind: BodyKind): void {
    conversation.legs[kind] = 'over';
    // With the answer's body the last word is said; a request's body that nobody has read by then is not read later.
    if (kind === 'response') this.#end(conversation, 'cancelled');
  }

  /** The target is gone before the exchange is over: if the same machine comes back, it may ask for the body again. */
  #abandon(conversation: Conversation): void {
    const { legs } = conversation;
    conversation.target = undefined;
    this.#dropQueued(conversation);
    const running = legs.request;
    if (legs.request !== 'absent') legs.request = 'announced';
    if (running instanceof BodyTransfer) running.cut('body_cut');
  }

  #end(conversation: Conversation, code: ErrorCode): void {
    if (!this.#conversations.remove(conversation)) return;
    this.#dropQueued(conversation);
    for (const kind of ['request', 'response'] as const) {
      const leg = conversation.legs[kind];
      if (leg instanceof BodyTransfer) leg.cut(code);
      else if (kind === 'response' && leg === 'announced') this.#letGo(conversation, code);
    }
    if (conversation.deadline === undefined) return;
    this.#deadlines.cancel(conversation.deadline);
    this.#dependencies.onBodiesOver(conversation.id, conversation.record);
  }

  /** The answer's body was never asked for: its provider need not keep it. */
  #letGo({ id, target }: Conversation, code: ErrorCode): void {
    target?.value.send(id, encodeCancel(this.#dependencies.writer, id, code));
  }

  #dropQueued(conversation: Conversation): void {
    for (const { sink, leave } of this.#queued.get(conversation) ?? []) {
      leave();
      sink.reset(ERROR_TABLE.body_cut.wire);
    }
    this.#queued.delete(conversation);
  }

  /** @returns the monotonic time of the next deadline */
  #expire(): number | undefined {
    const now = this.#dependencies.clock.monotonic();
    for (let due = this.#deadlines.popDue(now); due !== undefined; due = this.#deadlines.popDue(now)) {
      this.#end(due.value, 'deadline_exceeded');
    }
    return this.#deadlines.nextAt;
  }
}

/** A body that was asked for and waits for a slot. */
interface Queued {
  readonly sink: Stream;
  /** Takes it out of the queue. */
  leave: () => void;
}

function conversationOf(exchange: HubExchange, sender: Session<Peer>, request: 'announced' | 'absent'): Conversation {
  return {
    id: exchange.id,
    sender,
    requestId: exchange.requestId,
    record: exchange.value,
    target: undefined,
    jobMs: exchange.value.jobMs,
    legs: { request, response: 'absent' },
    movedAt: 0,
    deadline: undefined,
  };
}
