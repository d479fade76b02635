import { expect, test } from 'vitest';
import { changeText } from '../src/output/change-text.ts';

test.each([
  [
    { status: 'pending', hostname: null },
    { status: 'authorized', hostname: 'lims' },
    'status: pending → authorized; hostname: none → lims',
  ],
  [{ roles: ['a'], labels: {} }, { roles: ['a', 'b'], labels: {} }, 'roles: a → a, b'],
  [null, { uses: 1, hostname: null, roles: [], autoApprove: false, expiresAt: 12 }, 'uses: 1'],
  [null, null, ''],
  [{ labels: {} }, { labels: { site: 'oslo', floor: '2' } }, 'labels: none → site=oslo, floor=2'],
  [[{ effect: 'allow', verb: 'submit', serviceTypes: ['print'] }], [], 'allow submit print → none'],
  ['a', 'b', 'a → b'],
])('%j → %j', (before, after, text) => {
  expect(changeText(before, after)).toBe(text);
});
