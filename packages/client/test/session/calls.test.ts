import { ManualClock } from '@qconn/clock';
import { encodeCallFailed, encodeWithdrawn, FrameType, PackedWriter, QconnError } from '@qconn/protocol';
import { expect, test } from 'vitest';
import { Calls } from '../../src/session/calls.ts';
import { frameOf } from '../exchange/recording-port.ts';

const writer = new PackedWriter();

test('an answer settles its call and no other', async () => {
  const clock = new ManualClock();
  const calls = new Calls({ clock });
  const [one, two] = [calls.wait(1, ({ id }) => id), calls.wait(2, ({ id }) => id)];
  calls.take(frameOf(encodeWithdrawn(writer, 2)));
  expect(await two).toBe(2);
  calls.take(frameOf(encodeWithdrawn(writer, 1)));
  expect(await one).toBe(1);
  expect(clock.pendingTimers).toBe(0);
});

test('an answer in parts is waited for to its end', async () => {
  const calls = new Calls({ clock: new ManualClock() });
  let parts = 0;
  const whole = calls.wait(1, () => (++parts === 3 ? parts : undefined));
  for (let n = 0; n < 3; n++) calls.take(frameOf(encodeWithdrawn(writer, 1)));
  expect(await whole).toBe(3);
});

test('a refusal rejects with the hub’s code and reason', async () => {
  const calls = new Calls({ clock: new ManualClock() });
  const call = calls.wait(1, () => true);
  calls.take(frameOf(encodeCallFailed(writer, 1, { code: 'quota', reason: 'too many devices' })));
  await expect(call).rejects.toMatchObject({ code: 'quota', message: 'too many devices' });
});

test('a hub that does not answer is not waited for longer than ten seconds', async () => {
  const clock = new ManualClock();
  const calls = new Calls({ clock });
  const call = calls.wait(1, () => true);
  clock.advance(10_000);
  await expect(call).rejects.toMatchObject({ code: 'no_answer' });
  calls.take(frameOf(encodeWithdrawn(writer, 1)));
});

test('with the connection every call ends', async () => {
  const clock = new ManualClock();
  const calls = new Calls({ clock });
  const waiting = [1, 2].map((id) => calls.wait(id, () => true));
  calls.lost(new QconnError('idle_timeout'));
  for (const call of waiting) await expect(call).rejects.toMatchObject({ code: 'idle_timeout' });
  expect(clock.pendingTimers).toBe(0);
});

test('answers that nobody waits for are ignored', () => {
  const calls = new Calls({ clock: new ManualClock() });
  expect(() => calls.take({ ...frameOf(encodeWithdrawn(writer, 9)), type: FrameType.CallFailed })).not.toThrow();
});
