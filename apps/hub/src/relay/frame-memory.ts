import { ByteCopies, type FrameMemory, type Request } from '@qconn/protocol';

/** Sizes of memory that is used again: 2¹¹ bytes, with which a frame in pieces begins, to 2¹⁷, which holds the longest frame. */
const LEAST_BITS = 11;
const MOST_BITS = 17;

/** Most bytes that are kept free, over all sizes. */
const FREE_BYTES_MAX = 16 * 1024 * 1024;

/** Longer bodies are copied into memory that is given back; the copies of shorter ones share chunks. */
const SHORT_MAX_BYTES = 4 * 1024;

/** A request that outlives its frame. */
export interface HeldRequest {
  readonly request: Request;
  /** What is to be given back once the last holder has let it go. */
  readonly memory: Uint8Array | undefined;
  /** Exchanges that hold it: several in a fan-out. */
  holders: number;
}

/**
 * Memory for frames at the hub. Each frame is lent to whoever handles it, and the next is read into the same place; what has
 * to live longer is copied. Long copies, and frames that come in pieces, use the same memory again and again: left to the
 * garbage collector, 16 KiB bodies would set off several full collections a second, for V8 counts memory outside of its heap.
 */
export class HubFrameMemory implements FrameMemory {
  readonly #free: Uint8Array[][] = Array.from({ length: MOST_BITS + 1 }, () => []);
  #freeBytes = 0;
  /** For what nobody gives back. */
  readonly copies: ByteCopies = new ByteCopies();

  take(bytes: number): Uint8Array {
    const bits = Math.max(LEAST_BITS, 32 - Math.clz32(bytes - 1));
    const memory = this.#free[bits]?.pop();
    if (memory === undefined) return new Uint8Array(2 ** bits);
    this.#freeBytes -= memory.length;
    return memory;
  }

  give(memory: Uint8Array): void {
    if (this.#freeBytes + memory.length > FREE_BYTES_MAX) return;
    this.#free[31 - Math.clz32(memory.length)]?.push(memory);
    this.#freeBytes += memory.length;
  }

  /** Holds a request whose frame was lent, for one exchange. */
  hold(request: Request): HeldRequest {
    const { body } = request;
    const headers = this.copies.of(request.headers);
    if (body.length <= SHORT_MAX_BYTES)
      return { request: withBytes(request, headers, this.copies.of(body)), memory: undefined, holders: 1 };
    const memory = this.take(body.length);
    memory.set(body);
    return { request: withBytes(request, headers, memory.subarray(0, body.length)), memory, holders: 1 };
  }

  /** An exchange needs the request no longer. */
  letGo(held: HeldRequest): void {
    held.holders -= 1;
    if (held.holders === 0 && held.memory !== undefined) this.give(held.memory);
  }
}

/** Field by field, which V8 makes quicker than a spread with two fields replaced. */
function withBytes(request: Request, headers: Uint8Array, body: Uint8Array): Request {
  return {
    address: request.address,
    resolutionMs: request.resolutionMs,
    jobMs: request.jobMs,
    idempotencyKey: request.idempotencyKey,
    stickyKey: request.stickyKey,
    headers,
    waitForTarget: request.waitForTarget,
    inquiry: request.inquiry,
    body,
    streamed: request.streamed,
  };
}
