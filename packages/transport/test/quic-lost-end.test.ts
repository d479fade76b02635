import type { Stream } from '@qconn/transport';
import { describe, expect, test } from 'vitest';
import { streamResetCode } from '../src/quic/native-failure.ts';
import type { StreamSet } from '../src/quic/stream-set.ts';
import { datagramsOf, deliver, nativePair, settle, streamsOn, type NativePair } from './native-pair.ts';
import { createHubAndMachine } from './pki.ts';

const ASKED = 0;
const OTHER = 4;
const CODE = 7;

const { hub, machine } = await createHubAndMachine();

/** A pair whose client has asked on one stream, and has ended its side of it or not. */
function askedPair(ended: boolean): NativePair {
  const pair = nativePair(hub, machine);
  pair.client.native.streamSend(ASKED, Buffer.from('ask'), ended);
  pair.client.native.streamSend(OTHER, Buffer.from('other'), false);
  settle(pair);
  return pair;
}

/** Packets enough, each acknowledged, for the server's engine to hold whatever it sent before them for lost (RFC 9002, section 6.1.1). */
function overtake(pair: NativePair): void {
  for (let packets = 0; packets < 4; packets += 1) {
    pair.server.native.streamSend(OTHER, Buffer.from('.'), false);
    settle(pair);
  }
}

/** What the client has of the answer, and how that came to its end. */
function answer({ client }: NativePair): [string, 'open' | 'finished' | 'reset'] {
  const room = Buffer.alloc(100);
  let text = '';
  try {
    for (
      let read = client.native.streamRecv(ASKED, room);
      read !== null;
      read = client.native.streamRecv(ASKED, room)
    ) {
      text += room.subarray(0, read[0]).toString();
      if (read[1]) return [text, 'finished'];
    }
  } catch (failure) {
    if (streamResetCode(failure) === CODE) return [text, 'reset'];
    throw failure;
  }
  return [text, 'open'];
}

/** The server's streams, as the transport drives them, and the one that the client has asked on. */
function served({ server }: NativePair): { streams: StreamSet; stream: Stream } {
  const streams = streamsOn(server, 'server');
  const opened = new Map<number, Stream>();
  streams.onStream((stream) => {
    opened.set(stream.id, stream);
    stream.read({ data: () => undefined, end: () => undefined });
  });
  streams.receive();
  const stream = opened.get(ASKED);
  if (stream === undefined) throw new Error('the stream has not come');
  return { streams, stream };
}

/** The server answers; its bytes arrive, and the packet of what ends the stream does not. */
function answerAndLose(pair: NativePair, end: (stream: Stream) => void): void {
  const { streams, stream } = served(pair);
  stream.write(Buffer.from('answer'));
  streams.pump();
  const bytes = datagramsOf(pair.server);
  end(stream);
  streams.pump();
  const lost = datagramsOf(pair.server);
  if (lost.length !== 1) throw new Error(`the end took ${lost.length} packets`);
  deliver(bytes, pair.server, pair.client);
  settle(pair);
  overtake(pair);
  expect(pair.server.native.stats().lost).toBe(1);
}

describe('what ends a stream, in a packet that is lost', () => {
  const ends: [string, 'finished' | 'reset', (stream: Stream) => void][] = [
    ['its end', 'finished', (stream) => stream.end()],
    ['a reset', 'reset', (stream) => stream.reset(CODE)],
  ];

  // Were these to fail, the engine would be mended, and `endWithPeer` could go.
  test.each(ends)('%s is never sent again where the peer has ended its side before', (_what, _how, end) => {
    const pair = askedPair(true);
    answerAndLose(pair, end);
    expect(answer(pair)).toEqual(['answer', 'open']);
  });

  test.each(ends)('%s is sent again while the peer’s side is open', (_what, how, end) => {
    const pair = askedPair(false);
    answerAndLose(pair, end);
    expect(answer(pair)[1]).toBe(how);
  });

  test('an end that came in the turn of the last bytes is sent again in any case', () => {
    const pair = askedPair(true);
    const { streams, stream } = served(pair);
    stream.write(Buffer.from('answer'));
    stream.end();
    streams.pump();
    expect(datagramsOf(pair.server)).toHaveLength(1);
    overtake(pair);
    expect(answer(pair)).toEqual(['answer', 'finished']);
  });
});
