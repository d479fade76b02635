import { ERROR_TABLE, QconnError, type ErrorCode } from '@qconn/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  BACKOFF_BASE_MS,
  BACKOFF_CAP_MS,
  INITIAL,
  isPermanent,
  REFUSED_WAIT_MS,
  RESTART_TRIES,
  RESTART_WAIT_MS,
  supervise,
  type Phase,
  type SupervisorAction,
  type SupervisorEvent,
  type SupervisorState,
} from '../../src/supervisor/supervisor.ts';

const failed = (code: ErrorCode): SupervisorEvent => ({ kind: 'failed', error: new QconnError(code) });
const at = (phase: Phase, attempt = 0): SupervisorState => ({ phase, attempt });
const moving = (phase: Phase): SupervisorState => ({ ...at(phase), moving: true });
const HALF = 0.5;

const steps: [
  what: string,
  from: SupervisorState,
  event: SupervisorEvent,
  to: SupervisorState,
  actions: SupervisorAction[],
][] = [
  ['dials when it starts', INITIAL, { kind: 'start' }, at('connecting'), [{ kind: 'dial' }]],
  ['dials after a wait', at('backing_off', 3), { kind: 'waited' }, at('connecting', 3), [{ kind: 'dial' }]],
  ['does not dial twice', at('connecting'), { kind: 'waited' }, at('connecting'), []],
  ['keeps its session when an old wait ends', at('online'), { kind: 'waited' }, at('online'), []],
  ['is pending when the hub says so', at('connecting', 2), { kind: 'welcomed', status: 'pending' }, at('pending'), []],
  ['is online when authorized', at('connecting', 2), { kind: 'welcomed', status: 'authorized' }, at('online'), []],
  ['comes online when approved', at('pending'), { kind: 'statusChanged', status: 'authorized' }, at('online'), []],
  [
    'is pending again when its rights lapse',
    at('online'),
    { kind: 'statusChanged', status: 'pending' },
    at('pending'),
    [],
  ],
  [
    'heeds no status without a session',
    at('backing_off', 1),
    { kind: 'statusChanged', status: 'authorized' },
    at('backing_off', 1),
    [],
  ],
  ['moves when its path fails', at('online'), { kind: 'pathFailed' }, moving('online'), [{ kind: 'move' }]],
  ['moves while it is pending, too', at('pending'), { kind: 'pathFailed' }, moving('pending'), [{ kind: 'move' }]],
  ['moves once at a time', moving('online'), { kind: 'pathFailed' }, moving('online'), []],
  ['has no path without a session', at('connecting', 1), { kind: 'pathFailed' }, at('connecting', 1), []],
  ['goes on when it has moved', moving('online'), { kind: 'moved' }, at('online'), []],
  [
    'goes on moving when its status changes',
    moving('pending'),
    { kind: 'statusChanged', status: 'authorized' },
    moving('online'),
    [],
  ],
  [
    'keeps its session when it could not move yet',
    moving('online'),
    { kind: 'notMoved', lost: false },
    at('online'),
    [],
  ],
  [
    'moves nowhere when nobody listens where the hub was, and tries again soon',
    at('online'),
    { kind: 'pathFailed', refused: true },
    at('backing_off', 1),
    [{ kind: 'abandon' }, { kind: 'wait', ms: RESTART_WAIT_MS / 2 }],
  ],
  [
    'heeds no such word of a session that has ended',
    at('connecting', 2),
    { kind: 'pathFailed', refused: true },
    at('connecting', 2),
    [],
  ],
  [
    'gives its session up when it cannot move',
    moving('online'),
    { kind: 'notMoved', lost: true },
    at('backing_off', 1),
    [{ kind: 'abandon' }, { kind: 'wait', ms: BACKOFF_BASE_MS / 2 }],
  ],
  [
    'heeds no failed move of a session that has ended',
    at('connecting', 2),
    { kind: 'notMoved', lost: true },
    at('connecting', 2),
    [],
  ],
  [
    'backs off after a first failure',
    at('connecting'),
    failed('unreachable'),
    at('backing_off', 1),
    [{ kind: 'wait', ms: BACKOFF_BASE_MS / 2 }],
  ],
  [
    'tries again soon where nobody listens, as a program that starts again does not',
    at('connecting', RESTART_TRIES - 1),
    { kind: 'failed', error: new QconnError('unreachable'), nobodyListens: true },
    at('backing_off', RESTART_TRIES),
    [{ kind: 'wait', ms: RESTART_WAIT_MS / 2 }],
  ],
  [
    'backs off where nobody has listened for long',
    at('connecting', RESTART_TRIES),
    { kind: 'failed', error: new QconnError('unreachable'), nobodyListens: true },
    at('backing_off', RESTART_TRIES + 1),
    [{ kind: 'wait', ms: BACKOFF_CAP_MS / 2 }],
  ],
  [
    'backs off longer after a third',
    at('connecting', 2),
    failed('unreachable'),
    at('backing_off', 3),
    [{ kind: 'wait', ms: BACKOFF_BASE_MS * 2 }],
  ],
  [
    'backs off when its session ends',
    at('online'),
    failed('idle_timeout'),
    at('backing_off', 1),
    [{ kind: 'wait', ms: BACKOFF_BASE_MS / 2 }],
  ],
  [
    'slows down when it is revoked',
    at('online'),
    failed('revoked'),
    at('backing_off', 1),
    [{ kind: 'wait', ms: REFUSED_WAIT_MS }],
  ],
  [
    'lets its session go when it is sent away',
    at('online'),
    { kind: 'sentAway', spreadMs: 2_000 },
    at('backing_off'),
    [{ kind: 'letGo' }, { kind: 'wait', ms: 1_000 }],
  ],
  ['hangs up when it is stopped', at('online'), { kind: 'stop' }, at('stopped'), [{ kind: 'hangUp' }]],
  ['hangs up while it connects', at('connecting', 4), { kind: 'stop' }, at('stopped'), [{ kind: 'hangUp' }]],
];

test.each(steps)('%s', (_, from, event, to, actions) => {
  expect(supervise(from, event, HALF)).toEqual({ state: to, actions });
});

describe('refusals', () => {
  test('that only a person can mend are those of identity and trust', () => {
    const permanent = (Object.keys(ERROR_TABLE) as ErrorCode[]).filter((code) => isPermanent(new QconnError(code)));
    expect(permanent.toSorted()).toEqual([
      'certificate_rejected',
      'certificate_required',
      'certificate_untrusted',
      'hub_untrusted',
      'no_alpn',
      'renewal_refused',
      'revoked',
      'superseded',
      'tls_config',
      'unknown_machine',
    ]);
  });

  test('that a wrong clock may be to blame for slow nobody down, for it may be set at any moment', () => {
    const error = new QconnError('hub_untrusted', 'by this clock', { facts: { aboutTime: true } });
    expect(supervise(at('connecting'), { kind: 'failed', error }, HALF).actions).toEqual([
      { kind: 'wait', ms: BACKOFF_BASE_MS / 2 },
    ]);
  });

  test('that concern a credential which has been replaced meanwhile slow nobody down', () => {
    const revoked = { kind: 'failed', error: new QconnError('revoked') } as const;
    const wait = (another: boolean): unknown =>
      supervise({ phase: 'online', attempt: 0 }, { ...revoked, another }, HALF).actions;
    expect(wait(false)).toEqual([{ kind: 'wait', ms: REFUSED_WAIT_MS }]);
    expect(wait(true)).toEqual([{ kind: 'wait', ms: BACKOFF_BASE_MS / 2 }]);
  });

  test('slow the client down to minutes, and spread a fleet over as long', () => {
    for (const [random01, ms] of [
      [0, REFUSED_WAIT_MS / 2],
      [HALF, REFUSED_WAIT_MS],
    ] as const)
      expect(supervise(at('connecting'), failed('unknown_machine'), random01).actions).toEqual([{ kind: 'wait', ms }]);
  });
});

/** Drives the supervisor as the uplink does, and keeps what is under way in the world. */
class World {
  state: SupervisorState = INITIAL;
  dialling = false;
  waiting = false;
  connected = false;
  readonly waits: number[] = [];

  /** What may happen now, in an order that a number chooses from. */
  possible(): SupervisorEvent[] {
    return [
      ...(this.dialling ? [failed('unreachable'), failed('revoked'), welcomed('pending'), welcomed('authorized')] : []),
      ...(this.waiting ? [{ kind: 'waited' } as const] : []),
      ...(this.connected
        ? [
            failed('idle_timeout'),
            failed('superseded'),
            { kind: 'sentAway', spreadMs: 5_000 } as const,
            status('pending'),
            status('authorized'),
          ]
        : []),
    ];
  }

  happen(event: SupervisorEvent, random01: number): void {
    if (event.kind === 'welcomed' || event.kind === 'failed') this.dialling = false;
    if (event.kind === 'welcomed') this.connected = true;
    if (event.kind === 'failed') this.connected = false;
    if (event.kind === 'waited') this.waiting = false;
    const { state, actions } = supervise(this.state, event, random01);
    this.state = state;
    for (const action of actions) {
      if (action.kind === 'dial') this.dialling = true;
      if (action.kind === 'wait') {
        this.waiting = true;
        this.waits.push(action.ms);
      }
      if (action.kind === 'letGo') this.connected = false;
      if (action.kind === 'hangUp') this.dialling = this.waiting = this.connected = false;
    }
  }
}

const welcomed = (of: 'pending' | 'authorized'): SupervisorEvent => ({ kind: 'welcomed', status: of });
const status = (of: 'pending' | 'authorized'): SupervisorEvent => ({ kind: 'statusChanged', status: of });
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const history = fc.array(fc.tuple(fc.nat(), random), { maxLength: 60 });

function live(choices: readonly (readonly [number, number])[], check: (world: World) => void): World {
  const world = new World();
  world.happen({ kind: 'start' }, 0);
  for (const [choice, random01] of choices) {
    const possible = world.possible();
    world.happen(possible[choice % possible.length] as SupervisorEvent, random01);
    check(world);
  }
  return world;
}

describe('whatever happens, in whatever order', () => {
  test('it never stops by itself: it dials, or waits, or has a session, and its phase says which', () => {
    fc.assert(
      fc.property(history, (choices) => {
        live(choices, ({ state, dialling, waiting, connected }) => {
          const underWay = {
            connecting: dialling,
            backing_off: waiting,
            pending: connected,
            online: connected,
            stopped: false,
          };
          expect(underWay[state.phase]).toBe(true);
          expect([dialling, waiting, connected].filter(Boolean)).toHaveLength(1);
        });
      }),
    );
  });

  test('no wait is longer than the backoff’s cap, but after a refusal that only a person can mend', () => {
    fc.assert(
      fc.property(history, (choices) => {
        for (const ms of live(choices, () => {}).waits) {
          expect(ms).toBeGreaterThanOrEqual(0);
          expect(ms <= BACKOFF_CAP_MS || ms >= REFUSED_WAIT_MS / 2).toBe(true);
          expect(ms).toBeLessThanOrEqual(REFUSED_WAIT_MS * 1.5);
        }
      }),
    );
  });

  test('a session resets the backoff', () => {
    fc.assert(
      fc.property(history, (choices) => {
        live(choices, ({ state }) => {
          if (state.phase === 'online' || state.phase === 'pending') expect(state.attempt).toBe(0);
        });
      }),
    );
  });

  test('a stop is final', () => {
    fc.assert(
      fc.property(history, fc.nat(), random, (choices, choice, random01) => {
        const world = live(choices, () => {});
        const late = [...world.possible(), { kind: 'start' } as const, { kind: 'stop' } as const];
        world.happen({ kind: 'stop' }, random01);
        expect(supervise(world.state, late[choice % late.length] as SupervisorEvent, random01)).toEqual({
          state: { phase: 'stopped', attempt: 0 },
          actions: [],
        });
      }),
    );
  });
});
