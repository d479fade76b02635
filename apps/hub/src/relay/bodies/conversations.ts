import type { BodyKind } from '@qconn/protocol';
import type { Session } from '@qconn/routing';
import type { Peer } from '../peer.ts';
import type { Conversation } from './conversation.ts';

/** Conversations, found by the hub's number of their exchange and by the sender's session and number. */
export class Conversations {
  readonly #byId = new Map<number, Conversation>();
  readonly #bySender = new Map<Session<Peer>, Map<number, Conversation>>();

  get size(): number {
    return this.#byId.size;
  }

  add(conversation: Conversation): void {
    this.#byId.set(conversation.id, conversation);
    const sent = this.#bySender.get(conversation.sender) ?? new Map<number, Conversation>();
    this.#bySender.set(conversation.sender, sent.set(conversation.requestId, conversation));
  }

  get(id: number): Conversation | undefined {
    return this.#byId.get(id);
  }

  /** The conversation whose body a session may ask for: the provider the request's, the sender the response's. */
  wantedBy(session: Session<Peer>, kind: BodyKind, id: number): Conversation | undefined {
    if (kind === 'response') return this.#bySender.get(session)?.get(id);
    const conversation = this.#byId.get(id);
    return conversation?.target === session ? conversation : undefined;
  }

  /** @returns whether it was there */
  remove(conversation: Conversation): boolean {
    if (!this.#byId.delete(conversation.id)) return false;
    const sent = this.#bySender.get(conversation.sender);
    sent?.delete(conversation.requestId);
    if (sent?.size === 0) this.#bySender.delete(conversation.sender);
    return true;
  }

  /** In which a session takes part, copied, so that a sweep may remove as it goes. */
  of(session: Session<Peer>): Conversation[] {
    return [...this.#byId.values()].filter(({ sender, target }) => sender === session || target === session);
  }

  [Symbol.iterator](): Iterator<Conversation> {
    return this.#byId.values();
  }
}
