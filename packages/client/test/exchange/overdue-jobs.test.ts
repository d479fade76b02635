import { ManualClock } from '@qconn/clock';
import { beforeEach, expect, test } from 'vitest';
import { OverdueJobs, type OverdueReport } from '../../src/exchange/overdue-jobs.ts';

let clock: ManualClock;
let reports: OverdueReport[];
let overdue: OverdueJobs;
const [one, two] = [{}, {}];

beforeEach(() => {
  clock = new ManualClock();
  reports = [];
  overdue = new OverdueJobs(clock, (report) => reports.push(report));
});

/** Turns the clock in steps, as time goes by: a timer that is set on the way counts from then. */
function pass(seconds: number): void {
  for (let second = 0; second < seconds; second += 1) clock.advance(1_000);
}

test('a handler that stops in time is nobody’s business', () => {
  overdue.told(one, 'zebra-1');
  pass(29);
  overdue.over(one, 'zebra-1');
  pass(100);
  expect(reports).toEqual([]);
  expect(clock.pendingTimers).toBe(0);
});

test('one that runs on is reported after 30 s, and whenever the time has doubled, until it ends', () => {
  overdue.told(one, 'zebra-1');
  overdue.told(one, 'zebra-1');
  pass(125);
  overdue.over(one, 'zebra-1');
  pass(1_000);
  expect(reports.map(({ longestMs }) => longestMs)).toEqual([30_000, 60_000, 120_000]);
  expect(reports[0]).toEqual({ device: 'zebra-1', jobs: 1, longestMs: 30_000 });
});

test('several of a device are one report, which counts those that are overdue', () => {
  overdue.told(one, 'zebra-1');
  pass(10);
  overdue.told(two, 'zebra-1');
  pass(50);
  expect(reports).toEqual([
    { device: 'zebra-1', jobs: 1, longestMs: 30_000 },
    { device: 'zebra-1', jobs: 2, longestMs: 60_000 },
  ]);
});

test('when the first has stopped, the next is reported in its own time; devices are kept apart', () => {
  overdue.told(one, 'zebra-1');
  pass(10);
  overdue.told(two, 'zebra-1');
  overdue.told(one, 'zebra-2');
  overdue.over(one, 'zebra-1');
  pass(30);
  expect(reports).toEqual([
    { device: 'zebra-2', jobs: 1, longestMs: 30_000 },
    { device: 'zebra-1', jobs: 1, longestMs: 30_000 },
  ]);
});

test('once closed it leaves no timer', () => {
  overdue.told(one, 'zebra-1');
  overdue.close();
  expect(clock.pendingTimers).toBe(0);
});
