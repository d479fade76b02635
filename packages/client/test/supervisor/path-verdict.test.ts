import { QconnError } from '@qconn/protocol';
import { expect, test } from 'vitest';
import { judgePath, type PathFailure } from '../../src/supervisor/path-verdict.ts';

const error = new QconnError('unreachable');
const HERE = '192.0.2.1';

test.each<
  [
    what: string,
    unansweredMs: number,
    error: QconnError | undefined,
    addresses: string[] | undefined,
    PathFailure | undefined,
  ]
>([
  ['nothing waits for an answer', 0, undefined, [HERE], undefined],
  ['an answer takes its time', 2_999, undefined, [HERE], undefined],
  ['nobody answers', 3_000, undefined, [HERE], 'silence'],
  ['the system alone says that there is no way', 0, error, [HERE], undefined],
  ['the system says so and nobody answers', 500, error, [HERE], 'network'],
  ['the address has gone', 0, undefined, ['192.0.2.9'], 'interface'],
  ['nobody knows the addresses', 0, undefined, undefined, undefined],
])('when %s', (_what, unansweredMs, reported, addresses, verdict) => {
  const known = addresses && new Set(addresses);
  expect(judgePath({ unansweredMs, error: reported }, HERE, known)).toBe(verdict);
});
