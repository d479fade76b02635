import { BODY_MAX_BYTES } from '@qconn/protocol';

/** An answer that is whole, or one that is too long for a frame: then it goes on as it comes. */
export type GrowingAnswer = Uint8Array | AsyncIterable<Uint8Array>;

/**
 * Reads what a device or a program answers, up to what a frame holds; behind that it is passed on as it is read.
 * @param maxBytes most bytes of all of it
 * @param tooMuch the error for one that is longer
 * @param whole resolves when the source has ended well, rejects with why it has not: an answer that is passed on is cut then
 */
export async function growingAnswer(
  source: AsyncIterable<Buffer>,
  maxBytes: number,
  tooMuch: () => Error,
  whole: () => Promise<void>,
): Promise<GrowingAnswer> {
  const chunks = source[Symbol.asyncIterator]();
  const begun: Buffer[] = [];
  let bytes = 0;
  const next = async (): Promise<Buffer | undefined> => {
    const { done, value }: IteratorResult<Buffer, unknown> = await chunks.next();
    if (done === true) return undefined;
    bytes += value.length;
    if (bytes > maxBytes) throw tooMuch();
    return value;
  };
  while (bytes <= BODY_MAX_BYTES) {
    const chunk = await next();
    if (chunk === undefined) {
      await whole();
      return new Uint8Array(Buffer.concat(begun));
    }
    begun.push(chunk);
  }
  return (async function* () {
    try {
      yield* begun;
      for (let chunk = await next(); chunk !== undefined; chunk = await next()) yield chunk;
      await whole();
    } finally {
      await chunks.return?.();
    }
  })();
}
