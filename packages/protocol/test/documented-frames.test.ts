import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { encodeAck, encodeOutcome, encodeRequest, FrameType, PackedWriter, STAGES } from '@qconn/protocol';

const DOCUMENT = readFileSync(new URL('../../../docs/protocol.md', import.meta.url), 'utf8');

/** The bytes of each ```hex block of docs/protocol.md: pairs of digits up to the comment of the line. */
const EXAMPLES = new Map(
  [...DOCUMENT.matchAll(/```hex (\w+)\n(.*?)```/gs)].map(([, name = '', lines = '']) => [
    name,
    lines
      .split('\n')
      .map((line) => /^(?:[0-9a-f]{2} {1,2})*/.exec(line)?.[0] ?? '')
      .join('')
      .replaceAll(' ', ''),
  ]),
);

describe('docs/protocol.md', () => {
  test.each(Object.entries(FrameType))('describes %s under its number', (name, type) => {
    expect(DOCUMENT).toMatch(new RegExp(`^### .*0x${type.toString(16).padStart(2, '0')} ${name}\\b`, 'm'));
  });

  test('numbers the stages as they are', () => {
    expect(DOCUMENT).toContain(`| stage | ${STAGES.map((stage) => `\`${stage}\``).join(' | ')} |`);
    expect(DOCUMENT).toContain(`| number | ${STAGES.map((_, number) => number).join(' | ')} |`);
  });

  test.each([
    [
      'Request',
      encodeRequest(new PackedWriter(), 7, {
        address: { serviceType: 'print', machine: 'printer-pc', device: 'zebra-1' },
        resolutionMs: 10_000,
        jobMs: 30_000,
        idempotencyKey: undefined,
        stickyKey: undefined,
        waitForTarget: false,
        inquiry: false,
        headers: new Uint8Array(0),
        body: new TextEncoder().encode('^XA^XZ'),
      }),
    ],
    ['Ack', encodeAck(new PackedWriter(), 42)],
    ['Outcome', encodeOutcome(new PackedWriter(), 7, { code: 'busy', reason: 'Tray 1 is empty.', retryAfterMs: 250 })],
  ])('shows a %s frame as it is written', (name, frame) => {
    expect(EXAMPLES.get(name)).toBe(Buffer.from(frame).toString('hex'));
  });
});
