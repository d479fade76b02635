import { expect, test, vi } from 'vitest';
import { ManualClock, TIMER_MAX_MS, systemClock, wallTimer } from '@qconn/clock';

const HOUR = 3_600_000;
const MONTH = 30 * 24 * HOUR;

test('timers of a manual clock fire in order, with the clock at their time, and those they set fire too', () => {
  const clock = new ManualClock(0);
  const seen: string[] = [];
  clock.setTimer(20, () => seen.push(`b@${clock.now()}`));
  clock.setTimer(10, () => {
    seen.push(`a@${clock.now()}`);
    clock.setTimer(5, () => seen.push(`c@${clock.monotonic()}`));
  });
  clock.setTimer(12, () => seen.push('never')).cancel();
  clock.advance(30);
  expect(seen).toEqual(['a@10', 'c@15', 'b@20']);
  expect(clock.now()).toBe(30);
  expect(clock.pendingTimers).toBe(0);
});

test('a jump of the wall clock moves neither the monotonic clock nor timers', () => {
  const clock = new ManualClock(1_000);
  const fire = vi.fn();
  clock.setTimer(10, fire);
  clock.jump(-5_000);
  expect([clock.now(), clock.monotonic()]).toEqual([-4_000, 0]);
  clock.jump(HOUR);
  expect(fire).not.toHaveBeenCalled();
  clock.advance(10);
  expect(fire).toHaveBeenCalledOnce();
});

test('a wall timer fires at its time, months away', () => {
  const clock = new ManualClock();
  const fire = vi.fn();
  wallTimer(clock, clock.now() + MONTH, fire);
  clock.advance(MONTH - 1);
  expect(fire).not.toHaveBeenCalled();
  clock.advance(1);
  expect(fire).toHaveBeenCalledOnce();
  expect(clock.pendingTimers).toBe(0);
});

test('a wall timer whose time passed while the computer slept fires within a minute of waking', () => {
  const clock = new ManualClock();
  const fire = vi.fn();
  wallTimer(clock, clock.now() + 8 * HOUR, fire);
  clock.advance(HOUR);
  clock.jump(9 * HOUR);
  clock.advance(60_000);
  expect(fire).toHaveBeenCalledOnce();
});

test('a wall timer waits longer when the wall clock is set back, and can be cancelled at any point', () => {
  const clock = new ManualClock();
  const fire = vi.fn();
  const timer = wallTimer(clock, clock.now() + HOUR, fire);
  clock.jump(-HOUR);
  clock.advance(HOUR + 60_000);
  expect(fire).not.toHaveBeenCalled();
  timer.cancel();
  clock.advance(10 * HOUR);
  expect(fire).not.toHaveBeenCalled();
});

test('a timer of the system clock beyond the clamp of Node does not fire at once', () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  try {
    const fire = vi.fn();
    const cancelled = vi.fn();
    systemClock.setTimer(TIMER_MAX_MS + 1_000, fire);
    const timer = systemClock.setTimer(TIMER_MAX_MS + 1_000, cancelled);
    vi.advanceTimersByTime(TIMER_MAX_MS + 500);
    expect(fire).not.toHaveBeenCalled();
    timer.cancel();
    vi.advanceTimersByTime(500);
    expect(fire).toHaveBeenCalledOnce();
    expect(cancelled).not.toHaveBeenCalled();
  } finally {
    vi.useRealTimers();
  }
});
