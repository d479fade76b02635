import { expect, test } from 'vitest';
import { EventStream } from '../src/event-stream.ts';
import { readAll } from './read-all.ts';

test('each reader gets each event, in order, from when it began', async () => {
  const stream = new EventStream<number>();
  const early = stream.read();
  stream.emit(1);
  const late = stream.read();
  stream.emit(2);
  stream.end();
  expect(await readAll(early)).toEqual([1, 2]);
  expect(await readAll(late)).toEqual([2]);
});

test('a reader that waits is woken by the next event, and by the end', async () => {
  const stream = new EventStream<string>();
  const reader = stream.read();
  const [first, second, third] = [reader.next(), reader.next(), reader.next()];
  stream.emit('a');
  stream.emit('b');
  stream.end();
  expect([await first, await second, await third]).toEqual([
    { done: false, value: 'a' },
    { done: false, value: 'b' },
    { done: true, value: undefined },
  ]);
});

test('what was not read before the end can still be read', async () => {
  const stream = new EventStream<number>();
  const reader = stream.read();
  stream.emit(1);
  stream.end();
  expect(await readAll(reader)).toEqual([1]);
});

test('a reader that begins after the end ends at once', async () => {
  const stream = new EventStream<number>();
  stream.end();
  expect(await readAll(stream.read())).toEqual([]);
});

test('leaving the loop ends the reader and costs the others nothing', async () => {
  const stream = new EventStream<number>();
  const [leaver, stayer] = [stream.read(), stream.read()];
  stream.emit(1);
  for await (const event of leaver) {
    expect(event).toBe(1);
    break;
  }
  stream.emit(2);
  stream.end();
  expect(await leaver.next()).toEqual({ done: true, value: undefined });
  expect(await readAll(stayer)).toEqual([1, 2]);
});

test('a reader that falls behind loses the oldest events, never the newest', async () => {
  const stream = new EventStream<number>();
  const reader = stream.read();
  for (let event = 1; event <= 300; event++) stream.emit(event);
  stream.end();
  const read = await readAll(reader);
  expect(read).toHaveLength(256);
  expect(read.at(-1)).toBe(300);
});
