import { describe, expect, test } from 'vitest';
import {
  cutReason,
  ERROR_TABLE,
  errorCodeOfWire,
  isQconnError,
  outcomeError,
  outcomeFromProvider,
  QconnError,
  type ErrorCode,
} from '@qconn/protocol';

const ROWS = Object.entries(ERROR_TABLE) as [ErrorCode, (typeof ERROR_TABLE)[ErrorCode]][];

/** Ranges of wire numbers, by the first code of each group in the table. */
const RANGES: readonly (readonly [first: ErrorCode, from: number, to: number])[] = [
  ['not_found', 0x01, 0x3f],
  ['closed', 0x40, 0x5f],
  ['bad_frame', 0x60, 0x7f],
  ['token_malformed', 0x80, 0x9f],
  ['unauthenticated', 0xa0, 0xbf],
  ['config_invalid', 0xc0, 0xdf],
  ['no_alpn', 0xe0, 0xff],
];

describe('the error table', () => {
  test('gives every code a number of its own', () => {
    const numbers = ROWS.map(([, row]) => row.wire);
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  test('is in groups, each within its range of numbers', () => {
    let group = -1;
    for (const [code, row] of ROWS) {
      if (RANGES[group + 1]?.[0] === code) group++;
      const [, from, to] = RANGES[group] as (typeof RANGES)[number];
      expect(row.wire, code).toBeGreaterThanOrEqual(from);
      expect(row.wire, code).toBeLessThanOrEqual(to);
    }
    expect(group).toBe(RANGES.length - 1);
  });

  test.each(ROWS)('%s says in whole sentences what happened and what to do', (code, row) => {
    expect(code).toMatch(/^[a-z][a-z_]*[a-z]$/);
    expect(row.summary).toMatch(/^\S.*\.$/);
    expect(row.action).toMatch(/^\S.*\.$/);
    expect(row.http).toBeGreaterThanOrEqual(400);
    expect(row.http).toBeLessThan(600);
  });

  test('calls no outcome safe to retry under which the job may have run', () => {
    const mayHaveRun: ErrorCode[] = [
      'not_acknowledged',
      'deadline_exceeded',
      'target_lost',
      'cancelled',
      'handler_failed',
      'sender_lost',
      'hub_lost',
    ];
    expect(mayHaveRun.filter((code) => ERROR_TABLE[code].retrySafe)).toEqual([]);
  });

  test('is found by wire number', () => {
    for (const [code, row] of ROWS) expect(errorCodeOfWire(row.wire)).toBe(code);
    for (const unknown of [0, 0x3f, 0x100, -1, Number.NaN]) expect(errorCodeOfWire(unknown)).toBeUndefined();
  });
});

describe('a QconnError', () => {
  test('carries its row', () => {
    const cause = new Error('socket');
    const error = new QconnError('quota', 'lims is over its rate.', {
      cause,
      retryAfterMs: 250,
      facts: { machine: 'lims' },
    });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      name: 'QconnError',
      code: 'quota',
      message: 'lims is over its rate.',
      cause,
      retryAfterMs: 250,
      facts: { machine: 'lims' },
      retrySafe: true,
      httpStatus: 429,
      wire: 0x0c,
    });
    expect(error.action).toBe(ERROR_TABLE.quota.action);
    expect(String(error)).toBe('QconnError: lims is over its rate.');
  });

  test('says its summary when nothing more is known, and has no cause of its own making', () => {
    const error = new QconnError('offline');
    expect(error.message).toBe(ERROR_TABLE.offline.summary);
    expect('cause' in error).toBe(false);
    expect(error.retryAfterMs).toBeUndefined();
    expect(error.facts).toEqual({});
  });

  test('is told from other errors, with and without its code', () => {
    const error = new QconnError('offline');
    expect(isQconnError(error)).toBe(true);
    expect(isQconnError(error, 'offline')).toBe(true);
    expect(isQconnError(error, 'busy')).toBe(false);
    for (const other of [new Error('offline'), { code: 'offline' }, undefined, null, 'offline'])
      expect(isQconnError(other)).toBe(false);
  });

  test('comes out of an outcome', () => {
    expect(outcomeError({ code: 'busy', reason: 'Full.', retryAfterMs: 50 })).toMatchObject({
      code: 'busy',
      message: 'Full.',
      retryAfterMs: 50,
    });
    expect(outcomeError({ code: 'busy', reason: '', retryAfterMs: 0 })).toMatchObject({
      message: ERROR_TABLE.busy.summary,
      retryAfterMs: undefined,
    });
  });
});

const PROVIDER_CODES: ErrorCode[] = [
  'not_found',
  'busy',
  'rejected',
  'handler_failed',
  'result_unknown',
  'answer_gone',
  'journal_unusable',
];

describe('an outcome that a provider reports', () => {
  test.each(PROVIDER_CODES)('%s is relayed as it is', (code) => {
    const outcome = { code, reason: 'Because.', retryAfterMs: 5 };
    expect(outcomeFromProvider(outcome, 1)).toEqual(outcome);
  });

  test.each(ROWS.map(([code]) => code).filter((code) => !PROVIDER_CODES.includes(code)))(
    '%s is the hub’s to say: handler_failed',
    (code) => {
      expect(outcomeFromProvider({ code, reason: '', retryAfterMs: 5 }, 1)).toEqual({
        code: 'handler_failed',
        reason: `The provider reported ${code}.`,
        retryAfterMs: 0,
      });
    },
  );

  test('of a job that was delivered before is never safe to retry', () => {
    for (const [code] of ROWS)
      expect(ERROR_TABLE[outcomeFromProvider({ code, reason: '', retryAfterMs: 0 }, 2).code].retrySafe, code).toBe(
        false,
      );
  });
});

test('a reason is cut to 1,024 bytes of well-formed text, whatever its characters', () => {
  for (const text of [
    '',
    'short',
    'é'.repeat(1_000),
    '漢'.repeat(1_000),
    '🖨'.repeat(1_000),
    `a${'🖨'.repeat(1_000)}`,
    '\ud800'.repeat(1_000),
  ]) {
    const cut = cutReason(text);
    expect(new TextEncoder().encode(cut).length).toBeLessThanOrEqual(1_024);
    if (text.length > 1_000) expect(cut.endsWith('…') && cut.isWellFormed()).toBe(true);
  }
  expect(cutReason('short')).toBe('short');
});
