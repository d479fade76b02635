/** Events that one reader may fall behind; past that the oldest go. */
const BACKLOG_MAX = 256;

/** Hands each event to every reader. A reader is an async iterator; leaving its loop ends it. */
export class EventStream<T> {
  readonly #readers = new Set<Reader<T>>();
  #ended = false;

  emit(event: T): void {
    for (const reader of this.#readers) reader.push(event);
  }

  /** Ends every reader after what it has not read yet. */
  end(): void {
    this.#ended = true;
    for (const reader of this.#readers) reader.end();
  }

  /** Events from now on. */
  read(): AsyncIterableIterator<T> {
    const reader = new Reader<T>(() => this.#readers.delete(reader));
    if (this.#ended) reader.end();
    else this.#readers.add(reader);
    return reader;
  }
}

class Reader<T> implements AsyncIterableIterator<T> {
  readonly #backlog: T[] = [];
  readonly #waiting: ((result: IteratorResult<T>) => void)[] = [];
  readonly #onReturn: () => void;
  #ended = false;

  constructor(onReturn: () => void) {
    this.#onReturn = onReturn;
  }

  push(event: T): void {
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) return waiting({ done: false, value: event });
    this.#backlog.push(event);
    if (this.#backlog.length > BACKLOG_MAX) this.#backlog.shift();
  }

  end(): void {
    this.#ended = true;
    for (const waiting of this.#waiting.splice(0)) waiting({ done: true, value: undefined });
  }

  next(): Promise<IteratorResult<T>> {
    const event = this.#backlog.shift();
    if (event !== undefined) return Promise.resolve({ done: false, value: event });
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  return(): Promise<IteratorResult<T>> {
    this.#onReturn();
    this.end();
    this.#backlog.length = 0;
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
