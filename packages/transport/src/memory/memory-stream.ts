import type { Stream, StreamEnd, StreamReader } from '../stream.ts';
import type { MemoryChannel } from './memory-channel.ts';

/** One end of a memory stream. */
export class MemoryStream implements Stream {
  readonly id: number;
  readonly #outgoing: MemoryChannel;
  readonly #incoming: MemoryChannel;
  #announce: (() => void) | undefined;
  #endsWithPeer = false;

  /** @param announce tells the peer that the stream exists, which happens with the first thing sent on it */
  constructor(id: number, channels: { outgoing: MemoryChannel; incoming: MemoryChannel }, announce?: () => void) {
    this.id = id;
    this.#outgoing = channels.outgoing;
    this.#incoming = channels.incoming;
    this.#announce = announce;
  }

  read(reader: StreamReader): void {
    const end = (how: StreamEnd): void => {
      reader.end(how);
      if (this.#endsWithPeer) this.end();
    };
    this.#incoming.read({ data: (chunk) => reader.data(chunk), end });
  }

  pause(): void {
    this.#incoming.pause();
  }

  resume(): void {
    this.#incoming.resume();
  }

  write(chunk: Uint8Array): boolean {
    const under = this.#outgoing.write(chunk);
    this.#appear();
    return under;
  }

  get bufferedBytes(): number {
    return this.#outgoing.queuedBytes;
  }

  writable(): Promise<void> {
    return this.#outgoing.writable();
  }

  end(): void {
    this.#outgoing.end();
    this.#appear();
  }

  endWithPeer(): void {
    this.#endsWithPeer = true;
  }

  reset(code: number): void {
    this.#outgoing.reset(code);
    this.#appear();
  }

  stopSending(code: number): void {
    this.#incoming.stop(code);
    this.#appear();
  }

  /** Memory has no queue in which one stream could overtake another. */
  setPriority(_urgency: number): void {}

  #appear(): void {
    this.#announce?.();
    this.#announce = undefined;
  }
}
