import { checkRole, parseRole } from '@qconn/authz';
import { isQconnError } from '@qconn/protocol';
import { expect, test } from 'vitest';

const grant = { effect: 'allow', verb: 'submit', serviceTypes: ['print'] };
const withPatterns = (...serviceTypes: unknown[]): unknown => ({ name: 'r', grants: [{ ...grant, serviceTypes }] });
const withSelector = (selector: unknown): unknown => ({ name: 'r', grants: [{ ...grant, selector }] });

test('takes a role and leaves it as it was written', () => {
  const role = {
    name: 'lims',
    description: 'prints in Oslo',
    grants: [
      { ...grant, serviceTypes: ['print', 'print.*', '*'], selector: { labels: { site: 'oslo' }, hostnames: ['a-*'] } },
      { effect: 'deny', verb: 'admin', serviceTypes: ['ca.rotate'] },
    ],
  };
  expect(parseRole(role)).toEqual(role);
  expect(checkRole(role)).toEqual([]);
});

test.each([
  '**',
  'print.*.x',
  '',
  'Print',
  '.print',
  'print.',
  'print..x',
  'print*',
  '*.print',
  '.*',
  'a b',
  'x'.repeat(200),
  7,
  null,
])('refuses the pattern %j and says where it stands', (pattern) => {
  expect(checkRole(withPatterns('print', pattern)).map(({ path }) => path)).toEqual(['grants[0].serviceTypes[1]']);
});

test.each([
  ['no object', 7, ''],
  ['a list', [], ''],
  ['an unknown key', { name: 'r', grants: [], grant: [] }, ''],
  ['an unknown key of a grant', { name: 'r', grants: [{ ...grant, service: 'x' }] }, 'grants[0]'],
  ['an unknown key of a selector', withSelector({ label: {} }), 'grants[0].selector'],
  ['a selector without condition', withSelector({}), 'grants[0].selector'],
  ['no labels', withSelector({ labels: {} }), 'grants[0].selector.labels'],
  ['no hostnames', withSelector({ hostnames: [] }), 'grants[0].selector.hostnames'],
  ['a label that is a number', withSelector({ labels: { floor: 2 } }), 'grants[0].selector.labels.floor'],
  [
    'a label key from the prototype',
    withSelector(JSON.parse('{"labels":{"__proto__":"x"}}')),
    'grants[0].selector.labels',
  ],
  ['a hostname with a * inside', withSelector({ hostnames: ['a*b'] }), 'grants[0].selector.hostnames[0]'],
  ['a name with capitals', { name: 'Lims', grants: [] }, 'name'],
  ['an empty name', { name: '', grants: [] }, 'name'],
  ['grants that are no list', { name: 'r', grants: {} }, 'grants'],
  ['too many grants', { name: 'r', grants: Array.from({ length: 257 }, () => grant) }, 'grants'],
  ['no patterns', withPatterns(), 'grants[0].serviceTypes'],
  ['too many patterns', withPatterns(...Array.from({ length: 65 }, () => 'print')), 'grants[0].serviceTypes'],
  ['an effect that is none', { name: 'r', grants: [{ ...grant, effect: 'permit' }] }, 'grants[0].effect'],
  ['a verb that is none', { name: 'r', grants: [{ ...grant, verb: 'print' }] }, 'grants[0].verb'],
  ['a description that is too long', { name: 'r', grants: [], description: 'x'.repeat(1_025) }, 'description'],
])('refuses %s', (_what, value, path) => {
  expect(checkRole(value).map((mistake) => mistake.path)).toEqual([path]);
});

test('tells every mistake at once', () => {
  const bad = { nme: 'x', grants: [{ effect: 'maybe', verb: 'do', serviceTypes: ['**', ''] }, 7] };
  expect(checkRole(bad).map(({ path }) => path)).toEqual([
    '',
    'name',
    'grants[0].effect',
    'grants[0].verb',
    'grants[0].serviceTypes[0]',
    'grants[0].serviceTypes[1]',
    'grants[1]',
  ]);
  let thrown: unknown;
  try {
    parseRole(bad);
  } catch (error) {
    thrown = error;
  }
  expect(isQconnError(thrown, 'invalid_request')).toBe(true);
  expect(String(thrown)).toContain('grants[0].serviceTypes[0]: "**" is not a pattern');
});

test('answers a document of 10 MB with a short message', () => {
  const grants = Array.from({ length: 200 }, () => ({
    ...grant,
    serviceTypes: Array.from({ length: 64 }, () => 'X'.repeat(800)),
  }));
  expect(() => parseRole({ name: 'r', grants })).toThrow(/and 12750 more$/);
});
