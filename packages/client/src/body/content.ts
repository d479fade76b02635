import { BODY_MAX_BYTES, QconnError } from '@qconn/protocol';
import { joined } from './joined.ts';

/**
 * What a request or an answer may carry. Text and bytes up to 64 KiB travel in its frame. Everything else is streamed: it is
 * read as fast as the other end takes it. The length of a `Blob`, such as `openAsBlob` of node:fs gives, is announced.
 */
export type Content = Uint8Array | string | AsyncIterable<Uint8Array> | ReadableStream<Uint8Array> | Blob;

/** A body that is sent on a stream of its own when the other end asks for it. */
export interface BodySource {
  /** Bytes, if that is known before it has been read. */
  readonly length: number | undefined;
  /** Whether it can be read more than once. */
  readonly repeatable: boolean;
  /** Begins to read. */
  open(): AsyncIterable<Uint8Array>;
  /** Nobody will read it any more. Does nothing when it has been opened. */
  discard(): void;
}

/** Content in the form in which it is sent. */
export type Packed = { readonly inline: Uint8Array } | { readonly source: BodySource };

/** Bytes of a long array that are written at once. */
const PIECE_BYTES: number = 64 * 1024;

const encoder = new TextEncoder();

/** @returns `undefined` for what is no content: handlers are written in JavaScript too */
export function packContent(content: unknown): Packed | undefined {
  if (typeof content === 'string') return packBytes(encoder.encode(content));
  if (content instanceof Uint8Array) return packBytes(content);
  if (content instanceof Blob)
    return { source: repeatable(content.size, () => content.stream() as AsyncIterable<Uint8Array>) };
  if (typeof content === 'object' && content !== null && Symbol.asyncIterator in content)
    return { source: once(content as AsyncIterable<Uint8Array>) };
  return undefined;
}

/**
 * What a pipe carries: as bytes if it ends before it outgrows a frame, else as a stream whose beginning has been read.
 * @throws whatever the pipe throws
 */
export async function contentOf(pipe: AsyncIterable<Uint8Array | string>): Promise<Content> {
  const rest = bytesOf(pipe);
  const begun: Uint8Array[] = [];
  let bytes = 0;
  while (bytes <= BODY_MAX_BYTES) {
    const next = await rest.next();
    if (next.done === true) return joined(begun);
    begun.push(next.value);
    bytes += next.value.length;
  }
  return continued(begun, rest);
}

/** @throws QconnError `invalid_request` for a piece that is not bytes */
export function checkPiece(piece: unknown): Uint8Array {
  if (piece instanceof Uint8Array) return piece;
  throw new QconnError('invalid_request', `A body stream gave ${typeof piece} where bytes belong.`);
}

function packBytes(bytes: Uint8Array): Packed {
  if (bytes.length <= BODY_MAX_BYTES) return { inline: bytes };
  return { source: repeatable(bytes.length, () => pieces(bytes)) };
}

function repeatable(length: number, open: () => AsyncIterable<Uint8Array>): BodySource {
  return { length, repeatable: true, open, discard: () => undefined };
}

function once(content: AsyncIterable<Uint8Array>): BodySource {
  let opened = false;
  return {
    length: undefined,
    repeatable: false,
    open: () => {
      opened = true;
      return content;
    },
    discard: () => {
      if (opened) return;
      opened = true;
      // A stream that was made and is never read holds what it was made from: a file, a socket.
      if (content instanceof ReadableStream) void content.cancel().catch(() => undefined);
      else if ('destroy' in content && typeof content.destroy === 'function') content.destroy();
    },
  };
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
}

async function* bytesOf(pipe: AsyncIterable<Uint8Array | string>): AsyncGenerator<Uint8Array, void> {
  for await (const piece of pipe) yield typeof piece === 'string' ? encoder.encode(piece) : piece;
}

async function* continued(begun: readonly Uint8Array[], rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* begun;
  yield* rest;
}
