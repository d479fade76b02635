import { ManualClock } from '@qconn/clock';
import { encodeRenew, FrameReader, PackedWriter, type Frame } from '@qconn/protocol';
import type { Session } from '@qconn/routing';
import { expect, test } from 'vitest';
import type { Peer } from '../../src/relay/peer.ts';
import type { AuthContext } from '../../src/session/auth-context.ts';
import { SessionCalls, type CallDependencies } from '../../src/session/session-calls.ts';

const renewal = frameOf(encodeRenew(new PackedWriter(), 1, new Uint8Array(8)));

test('a machine that renews again and again is rationed, and forgotten once it has been quiet', async () => {
  const clock = new ManualClock();
  const renewed: string[] = [];
  const calls = new SessionCalls({
    clock,
    renew: ({ fingerprint }: AuthContext) => {
      renewed.push(fingerprint);
      return Promise.resolve({ chain: [] });
    },
  } as unknown as CallDependencies);
  const renew = async (fingerprint: string): Promise<void> => {
    const answers = calls.answer({ fingerprint } as AuthContext, {} as Session<Peer>, renewal);
    for await (const answer of answers) expect(answer.length).toBeGreaterThan(0);
  };

  for (let times = 0; times < 8; times += 1) await renew('qc1often');
  await expect(renew('qc1often')).rejects.toMatchObject({ code: 'quota', retryAfterMs: 30_000 });
  await renew('qc1other');
  expect(renewed).toHaveLength(9);

  calls.sweep();
  expect(calls.rationed).toBe(2);
  clock.advance(30_000);
  calls.sweep();
  expect(calls.rationed).toBe(1);
  await renew('qc1often');
  clock.advance(8 * 30_000);
  calls.sweep();
  expect(calls.rationed).toBe(0);
});

function frameOf(bytes: Uint8Array): Frame {
  const frames: Frame[] = [];
  new FrameReader((frame) => frames.push(frame)).push(bytes);
  return frames[0] as Frame;
}
