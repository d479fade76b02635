import { expect, test } from 'vitest';
import { isAllowed } from '../packages/licences.ts';

test.each(['MIT', 'Apache-2.0', '(MIT OR GPL-3.0-only)', 'MIT AND ISC', '(BSD-3-Clause OR GPL-2.0-only) AND MIT'])(
  '%s may be shipped',
  (expression) => {
    expect(isAllowed(expression)).toBe(true);
  },
);

test.each(['GPL-3.0-only', 'MIT AND GPL-3.0-only', 'SEE LICENSE IN LICENSE', 'Unknown', 'UNLICENSED', ''])(
  '%j has to be looked at',
  (expression) => {
    expect(isAllowed(expression)).toBe(false);
  },
);
