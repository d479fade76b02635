import type { Connection, Stream, StreamEnd } from '@qconn/transport';

/** Everything that arrives on a stream, once it has ended. */
export interface Received {
  readonly bytes: Buffer;
  readonly end: StreamEnd;
}

/** Reads a stream to its end. */
export function readAll(stream: Stream): Promise<Received> {
  const chunks: Uint8Array[] = [];
  return new Promise((resolve) => {
    stream.read({ data: (chunk) => chunks.push(chunk), end: (end) => resolve({ bytes: Buffer.concat(chunks), end }) });
  });
}

/** Reads until so many bytes have come. */
export function readBytes(stream: Stream, count: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  return new Promise((resolve, reject) => {
    stream.read({
      data: (chunk) => {
        chunks.push(chunk);
        length += chunk.length;
        if (length >= count) resolve(Buffer.concat(chunks));
      },
      end: (end) => reject(new Error(`the stream ended (${end.kind}) after ${length} of ${count} bytes`)),
    });
  });
}

/** Writes all of it, waiting whenever the stream says so. */
export async function writeAll(stream: Stream, bytes: Uint8Array, chunkBytes = 64 * 1024): Promise<void> {
  for (let start = 0; start < bytes.length; start += chunkBytes) {
    if (!stream.write(bytes.subarray(start, start + chunkBytes))) await stream.writable();
  }
}

/** The peer's next streams, one after another. */
export function streamsOf(connection: Connection): () => Promise<Stream> {
  const arrived: Stream[] = [];
  const waiting: ((stream: Stream) => void)[] = [];
  connection.onStream((stream) => {
    const waiter = waiting.shift();
    if (waiter === undefined) arrived.push(stream);
    else waiter(stream);
  });
  return () => {
    const stream = arrived.shift();
    return stream === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(stream);
  };
}

/** Sends everything back, at the pace at which it is taken. */
export function echo(connection: Connection): void {
  connection.onStream((stream) => {
    stream.read({
      data: (chunk) => {
        if (stream.write(chunk)) return;
        stream.pause();
        stream.writable().then(
          () => stream.resume(),
          () => undefined,
        );
      },
      end: ({ kind }) => kind === 'finished' && stream.end(),
    });
  });
}

/** What happened, one at a time, in order. */
export class Events<T> {
  readonly #happened: T[] = [];
  readonly #waiting: ((event: T) => void)[] = [];

  readonly push = (event: T): void => {
    const waiter = this.#waiting.shift();
    if (waiter === undefined) this.#happened.push(event);
    else waiter(event);
  };

  next(): Promise<T> {
    const event = this.#happened.shift();
    return event === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(event);
  }

  get unread(): number {
    return this.#happened.length;
  }
}

/** The next turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Whether a promise is settled within 200 ms: that nothing happens can only be seen by waiting. */
export async function settlesSoon(promise: Promise<unknown>): Promise<boolean> {
  const patience = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => patience.resolve(false), 200);
  const settled = await Promise.race([promise.then(() => true), patience.promise]);
  clearTimeout(timer);
  return settled;
}
