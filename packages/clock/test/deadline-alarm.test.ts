import { DeadlineAlarm, ManualClock } from '@qconn/clock';
import { expect, test } from 'vitest';

test('fires at the earliest of its deadlines, and once for those that are later', () => {
  const clock = new ManualClock();
  const fired: number[] = [];
  const alarm = new DeadlineAlarm(clock, () => {
    fired.push(clock.monotonic());
    return undefined;
  });
  alarm.noLaterThan(50);
  alarm.noLaterThan(20);
  alarm.noLaterThan(90);
  expect(clock.pendingTimers).toBe(1);
  clock.advance(100);
  expect(fired).toEqual([20]);
  alarm.noLaterThan(120);
  clock.advance(100);
  expect(fired).toEqual([20, 120]);
});

test('goes on to the next deadline that it is told when it fires', () => {
  const clock = new ManualClock();
  const due = [30, 70];
  const fired: number[] = [];
  const alarm = new DeadlineAlarm(clock, () => {
    fired.push(clock.monotonic());
    due.shift();
    return due[0];
  });
  alarm.noLaterThan(30);
  clock.advance(100);
  expect(fired).toEqual([30, 70]);
  expect(clock.pendingTimers).toBe(0);
});

test('a deadline that has passed already fires in the next turn of the clock', () => {
  const clock = new ManualClock();
  clock.advance(1_000);
  let fired = 0;
  new DeadlineAlarm(clock, () => {
    fired++;
    return undefined;
  }).noLaterThan(10);
  clock.advance(0);
  expect(fired).toBe(1);
});

test('cancelled it does not fire, and can be set anew', () => {
  const clock = new ManualClock();
  let fired = 0;
  const alarm = new DeadlineAlarm(clock, () => {
    fired++;
    return undefined;
  });
  alarm.noLaterThan(10);
  alarm.cancel();
  clock.advance(100);
  expect(fired).toBe(0);
  alarm.noLaterThan(200);
  clock.advance(100);
  expect(fired).toBe(1);
});
