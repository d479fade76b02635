import {
  decodeOutcome,
  decodeResponse,
  encodeOutcome,
  encodeResponse,
  FrameReader,
  FrameType,
  PackedWriter,
  type Frame,
} from '@qconn/protocol';
import { ANSWERS_MAX, ANSWERS_MAX_BYTES } from './answer-memory.ts';
import { AnswerPage } from './answer-page.ts';
import type { Settled } from './settled.ts';

/** How long an answer is remembered in case its exchange is forwarded again, in milliseconds: the longest usual resolution deadline. */
const REDELIVERY_TTL_MS = 120_000;

/** Bytes of a page: three of the longest answers, or some eight hundred short ones. */
const PAGE_BYTES = 256 * 1024;
const PAGES_MAX = ANSWERS_MAX_BYTES / PAGE_BYTES;

/**
 * The answers that were given last. One that was written to a connection just before it broke may never have arrived, and
 * the hub then forwards the exchange again. That is rare, so an answer is kept as its frame and found by a search: objects
 * would be most of what the garbage collector has to move. Times are monotonic milliseconds, passed in.
 */
export class RecentAnswers {
  readonly #writer = new PackedWriter({ reuses: true });
  /** The oldest first. */
  readonly #pages: AnswerPage[] = [];
  #size = 0;

  /** Answers that it holds, those that are too old included. */
  get size(): number {
    return this.#size;
  }

  /** Bytes of memory that it holds. */
  get bytes(): number {
    return this.#pages.length * PAGE_BYTES;
  }

  add(epoch: string, id: number, settled: Settled, endedAt: number): void {
    const frame =
      'response' in settled
        ? encodeResponse(this.#writer, id, settled.response)
        : encodeOutcome(this.#writer, id, settled.outcome);
    const last = this.#pages.findLast((page) => page.epoch === epoch);
    if (last?.add(id, endedAt, frame) !== true) this.#begin(epoch, endedAt).add(id, endedAt, frame);
    this.#size += 1;
  }

  find(epoch: string, id: number, now: number): Settled | undefined {
    for (const page of this.#pages) {
      const frame = page.epoch === epoch ? page.find(id, now - REDELIVERY_TTL_MS) : undefined;
      if (frame !== undefined) return settledIn(frame);
    }
    return undefined;
  }

  /** Begins a page, in the memory of one that is too old, or one too many. */
  #begin(epoch: string, now: number): AnswerPage {
    let free: AnswerPage | undefined;
    for (let oldest = this.#pages[0]; oldest !== undefined; oldest = this.#pages[0]) {
      const late = oldest.lastAt + REDELIVERY_TTL_MS <= now;
      if (!late && this.#size - oldest.size < ANSWERS_MAX && this.#pages.length < PAGES_MAX) break;
      this.#pages.shift();
      this.#size -= oldest.size;
      free = oldest;
    }
    const page = new AnswerPage(epoch, free?.bytes ?? new Uint8Array(PAGE_BYTES));
    this.#pages.push(page);
    return page;
  }
}

function settledIn(bytes: Uint8Array): Settled | undefined {
  let settled: Settled | undefined;
  const take = (frame: Frame): void => {
    settled =
      frame.type === FrameType.Response ? { response: decodeResponse(frame) } : { outcome: decodeOutcome(frame) };
  };
  new FrameReader(take).push(bytes);
  return settled;
}
