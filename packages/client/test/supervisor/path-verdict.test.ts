import { QconnError } from '@qconn/protocol';
import { expect, test } from 'vitest';
import {
  isLost,
  judgePath,
  type PathFacts,
  type PathFailure,
  type PathVerdict,
} from '../../src/supervisor/path-verdict.ts';

const error = new QconnError('unreachable');
const refusal = new QconnError('unreachable', '', { cause: Object.assign(new Error(), { code: 'ECONNREFUSED' }) });
const HERE = '192.0.2.1';
const CALM: PathFacts = {
  signs: { unansweredMs: 0, error: undefined },
  rttMs: 0,
  moves: 0,
  local: HERE,
  addresses: new Set([HERE]),
};
const silent = (unansweredMs: number): Pick<PathFacts, 'signs'> => ({ signs: { unansweredMs, error: undefined } });

test.each<[what: string, facts: Partial<PathFacts>, PathVerdict | undefined]>([
  ['nothing waits for an answer', {}, undefined],
  ['an answer takes its time', silent(299), undefined],
  ['nobody answers', silent(300), 'silence'],
  ['a long way takes three round trips more', { ...silent(1_199), rttMs: 300 }, undefined],
  ['nobody answers on a long way', { ...silent(1_200), rttMs: 300 }, 'silence'],
  ['each move makes it more patient', { ...silent(1_199), moves: 2 }, undefined],
  ['nobody answers after two moves', { ...silent(1_200), moves: 2 }, 'silence'],
  ['no answer takes more than three seconds', { ...silent(3_000), rttMs: 900, moves: 6 }, 'silence'],
  ['the system alone says that there is no way', { signs: { unansweredMs: 0, error } }, undefined],
  ['the system says so and nobody answers', { signs: { unansweredMs: 500, error }, moves: 6 }, 'network'],
  ['nobody listens there, says somebody', { signs: { unansweredMs: 299, error: refusal } }, undefined],
  ['nobody listens there, and nobody answers', { signs: { unansweredMs: 300, error: refusal } }, 'refused'],
  ['the address has gone', { addresses: new Set(['192.0.2.9']) }, 'interface'],
  ['nobody knows the addresses', { addresses: undefined }, undefined],
])('when %s', (_what, facts, verdict) => {
  expect(judgePath({ ...CALM, ...facts })).toBe(verdict);
});

test.each<[what: string, failure: PathFailure, unansweredMs: number, triedMs: number, lost: boolean]>([
  ['silent for a moment', 'silence', 3_500, 3_000, false],
  ['heard again meanwhile', 'silence', 0, 3_000, false],
  ['silent for long', 'silence', 6_000, 3_000, true],
  ['that may not move again', 'silence', 1_000, 0, true],
  ['without an address', 'interface', 1_000, 3_000, true],
  ['without a way', 'network', 3_500, 3_000, true],
])('a connection that could not move, %s', (_what, failure, unansweredMs, triedMs, lost) => {
  expect(isLost(failure, { unansweredMs, error: undefined }, triedMs)).toBe(lost);
});
