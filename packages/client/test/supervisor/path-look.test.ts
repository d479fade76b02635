import { ManualClock, type Clock } from '@qconn/clock';
import type { Connection } from '@qconn/transport';
import { beforeEach, expect, test } from 'vitest';
import { PathLook } from '../../src/supervisor/path-look.ts';
import type { PathVerdict } from '../../src/supervisor/path-verdict.ts';

let clock: ManualClock;
let failures: PathVerdict[];
let addresses: ReadonlySet<string>;
let asked: number;
let askedAt: number | undefined;
/** For how long this process was stopped. */
let stoppedMs: number;
/** For how long each look was waited for. */
let waits: number[];
beforeEach(() => {
  clock = new ManualClock();
  failures = [];
  addresses = new Set(['192.0.2.1']);
  asked = 0;
  askedAt = undefined;
  stoppedMs = 0;
  waits = [];
});

function look(): PathLook {
  const stoppable: Clock = {
    now: () => clock.now(),
    monotonic: () => clock.monotonic() + stoppedMs,
    setTimer: (ms, act) => {
      waits.push(ms);
      return clock.setTimer(ms, act);
    },
  };
  const connection = {
    closed: new Promise(() => {}),
    local: { host: '192.0.2.1', port: 1 },
    stats: () => ({ rttMs: 0 }),
    get path() {
      return { unansweredMs: askedAt === undefined ? 0 : stoppable.monotonic() - askedAt, error: undefined };
    },
  } as unknown as Connection;
  const own = (): ReadonlySet<string> => {
    asked += 1;
    return addresses;
  };
  return new PathLook(connection, { clock: stoppable, addresses: own }, (failure) => failures.push(failure));
}

/** Lets time pass as it does in a process that gets its share of the computer. */
function pass(ms: number): void {
  for (let passed = 0; passed < ms; passed += 100) clock.advance(100);
}

test('asks for the addresses of this computer once a second, and tells when the one in use has gone', () => {
  look();
  pass(10_000);
  expect([asked, failures]).toEqual([10, []]);
  addresses = new Set();
  pass(1_000);
  expect(failures).toEqual(['interface']);
});

test('tells of silence at the next look, and after a move only of a longer one', () => {
  const looking = look();
  pass(550);
  looking.expect();
  askedAt = clock.monotonic();
  pass(400);
  expect(failures).toEqual(['silence', 'silence']);
  failures.length = 0;
  looking.moving();
  askedAt = clock.monotonic();
  pass(500);
  expect(failures).toEqual([]);
  pass(100);
  expect(failures).toEqual(['silence']);
  looking.stop();
  expect(clock.pendingTimers).toBe(0);
});

test('a process that was stopped has to read its mail before it judges', () => {
  look();
  askedAt = clock.monotonic();
  stoppedMs = 60_000;
  clock.advance(100);
  expect(failures).toEqual([]);
  askedAt = undefined;
  pass(1_000);
  expect(failures).toEqual([]);
});

test('looks ten times a second only while something is sent', () => {
  const looking = look();
  pass(5_000);
  expect(waits.splice(0)).toEqual([1_000, 1_000, 1_000, 1_000, 1_000, 1_000]);
  looking.expect();
  looking.expect();
  pass(2_000);
  expect(waits).toEqual([...Array.from({ length: 10 }, () => 100), 1_000, 1_000]);
});
