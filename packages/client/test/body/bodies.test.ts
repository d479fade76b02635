import { ERROR_TABLE, QconnError } from '@qconn/protocol';
import { describe, expect, test } from 'vitest';
import { packContent, type BodySource, type Content } from '../../src/body/content.ts';
import type { BodyStream } from '../../src/body/body-stream.ts';
import { joinBodies, type JoinedBodies } from './joined-bodies.ts';

const OPENING = { kind: 'request', id: 7 } as const;
const MIB = 1024 * 1024;

function sourceOf(content: Content): BodySource {
  const packed = packContent(content);
  if (packed === undefined || !('source' in packed)) throw new Error('It travels in its frame.');
  return packed.source;
}

/** A body of this many pieces of 64 KiB, each filled with its number; counts what has been read of it. */
function counted(pieces: number): { readonly content: AsyncIterable<Uint8Array>; read: number; closed: boolean } {
  const count = { read: 0, closed: false };
  const content = (async function* () {
    try {
      for (let piece = 0; piece < pieces; piece++) {
        count.read++;
        yield new Uint8Array(64 * 1024).fill(piece);
      }
    } finally {
      count.closed = true;
    }
  })();
  return Object.assign(count, { content });
}

async function offered(content: Content, length?: number): Promise<JoinedBodies & { readonly stream: BodyStream }> {
  const joined = await joinBodies();
  joined.owner.offer(OPENING, { source: sourceOf(content) });
  return { ...joined, stream: joined.reader.receive(OPENING, { length }).stream };
}

async function codeOf(reading: Promise<unknown>): Promise<string> {
  const failure: unknown = await reading.then(
    () => new Error('It came whole.'),
    (error: unknown) => error,
  );
  if (failure instanceof QconnError) return failure.code;
  throw failure;
}

describe('a body arrives whole', () => {
  const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => index % 251);

  test.each<[string, Content, number | undefined]>([
    ['bytes', bytes, bytes.length],
    ['a Blob', new Blob([bytes]), bytes.length],
    ['a Web stream', new Blob([bytes]).stream(), undefined],
    ['an iterable', cutUp(bytes, 1_000), undefined],
    ['an iterable of single bytes at its end', cutUp(bytes, 299_990, 1), undefined],
  ])('from %s', async (_name, content, length) => {
    const { stream } = await offered(content, length);
    expect(Buffer.compare(await stream.bytes(), bytes)).toBe(0);
  });

  test('also when it is empty', async () => {
    const { stream } = await offered(cutUp(new Uint8Array(0), 1));
    expect(await stream.bytes()).toHaveLength(0);
  });

  test('as a Web stream', async () => {
    const { stream } = await offered(bytes, bytes.length);
    expect(Buffer.compare(await new Response(stream.toWeb()).bytes(), bytes)).toBe(0);
  });
});

test('lent pieces are the same body, in a few pieces of memory however long it is', async () => {
  const { stream } = await offered(counted(100).content);
  const memory = new Set<ArrayBufferLike>();
  const copies: Uint8Array[] = [];
  for await (const piece of stream.lent()) {
    memory.add(piece.buffer);
    copies.push(piece.slice());
  }
  const whole = Buffer.concat(copies);
  expect(whole).toHaveLength(100 * 64 * 1024);
  expect(Array.from({ length: 100 }, (_, piece) => whole[piece * 64 * 1024 + 65_535])).toEqual(
    Array.from({ length: 100 }, (_, piece) => piece),
  );
  expect(memory.size).toBeLessThan(10);
  expect(() => stream.lent()[Symbol.asyncIterator]()).toThrow(QconnError);
});

test('a lent piece stays as it is until the next is asked for, whatever has come meanwhile', async () => {
  const { stream } = await offered(counted(10).content);
  const reading = stream.lent()[Symbol.asyncIterator]();
  for (let next = await reading.next(); next.done !== true; next = await reading.next()) {
    const before = Buffer.from(next.value);
    await turns(5);
    expect(Buffer.compare(next.value, before)).toBe(0);
  }
});

test('what nobody reads is not read at its owner’s either, and once read no faster', async () => {
  const body = counted(1_000);
  const { stream } = await offered(body.content);
  await turns(20);
  expect(body.read).toBe(0);
  const reading = stream[Symbol.asyncIterator]();
  await reading.next();
  await turns(50);
  // The reader's queue, the stream's mark, and a piece at either end.
  expect(body.read * 64 * 1024).toBeLessThan(MIB);
  await reading.return?.();
  await until(() => body.closed);
});

describe('half a body is never taken for a whole one', () => {
  test('when its source throws', async () => {
    const failures: unknown[] = [];
    const joined = await joinBodies();
    const cause = new Error('The disk is gone.');
    const source = sourceOf(
      (async function* () {
        yield new Uint8Array(100_000);
        throw cause;
      })(),
    );
    joined.owner.offer(OPENING, { source, onFailed: (failure) => failures.push(failure) });
    const { stream } = joined.reader.receive(OPENING, { length: undefined });
    expect(await codeOf(stream.bytes())).toBe('body_cut');
    expect(failures).toEqual([cause]);
    expect(joined.owner.size).toBe(0);
  });

  test('when its source gives something that is not bytes', async () => {
    const { stream } = await offered(cutUp(['text' as unknown as Uint8Array]));
    expect(await codeOf(stream.bytes())).toBe('body_cut');
  });

  test('when the connection is lost', async () => {
    const { stream, connection } = await offered(counted(100).content);
    const reading = stream[Symbol.asyncIterator]();
    await reading.next();
    connection.close(ERROR_TABLE.closed.wire, '');
    expect(await codeOf(drain(reading))).toBe('body_cut');
  });

  test('when it is shorter than announced', async () => {
    const { stream } = await offered(cutUp(new Uint8Array(10), 10), 11);
    expect(await codeOf(stream.bytes())).toBe('body_corrupt');
  });

  test.each([
    ['a byte of the body was changed', [1, 0, 0], 'body_corrupt'],
    ['there is no digest', [], 'body_cut'],
  ])('when %s', async (_why, body, code) => {
    const joined = await joinBodies();
    const { stream } = joined.reader.receive(OPENING, { length: undefined });
    // Nothing is offered, so the owner resets the stream: this owner writes to another one by itself.
    joined.owner.send = (_opening, to) => {
      to.write(Uint8Array.from([...body, ...(body.length > 0 ? new Uint8Array(32) : [])]));
      to.end();
    };
    expect(await codeOf(stream.bytes())).toBe(code);
  });

  test('when nobody has it any more', async () => {
    const joined = await joinBodies();
    expect(await codeOf(joined.reader.receive(OPENING, { length: 1 }).stream.bytes())).toBe('body_cut');
  });
});

test('a body is read once, and more than was asked for is refused before it comes', async () => {
  const { stream, asked } = await offered(new Uint8Array(MIB), MIB);
  expect(await codeOf(stream.bytes(MIB - 1))).toBe('too_large');
  expect(asked).toHaveLength(0);
  await stream.bytes();
  expect(await codeOf(stream.bytes())).toBe('invalid_state');
});

test('bytes can be asked for again, a stream only once', async () => {
  const again = await offered(new Uint8Array(100_000), 100_000);
  await again.stream.bytes();
  expect(await again.reader.receive(OPENING, { length: 100_000 }).stream.bytes()).toHaveLength(100_000);
  again.owner.withdraw(OPENING);
  expect(again.owner.size).toBe(0);

  const once = await offered(counted(2).content);
  await once.stream.bytes();
  expect(await codeOf(once.reader.receive(OPENING, { length: undefined }).stream.bytes())).toBe('body_cut');
});

test('a Web stream that nobody asks for is cancelled with its session', async () => {
  let reason: unknown = 'not cancelled';
  const joined = await joinBodies();
  const content = new ReadableStream<Uint8Array>({ cancel: (why) => void (reason = why) });
  joined.owner.offer(OPENING, { source: sourceOf(content) });
  joined.owner.lost();
  expect(reason).toBeUndefined();
});

async function* cutUp(bytes: Uint8Array | readonly Uint8Array[], ...sizes: number[]): AsyncGenerator<Uint8Array> {
  if (!(bytes instanceof Uint8Array)) return yield* bytes;
  let at = 0;
  for (let turn = 0; at < bytes.length; turn++) {
    const size = sizes[Math.min(turn, sizes.length - 1)] ?? bytes.length;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function drain(reading: AsyncIterator<Uint8Array, void>): Promise<void> {
  while ((await reading.next()).done !== true);
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turns(1);
}
