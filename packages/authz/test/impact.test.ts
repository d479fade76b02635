import {
  compilePolicy,
  Impact,
  type Grant,
  type Principal,
  type Right,
  type Role,
  type RoleChange,
} from '@qconn/authz';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { patternCovers } from '../src/pattern.ts';
import { machines, roles, ROLE_NAMES, SERVICE_TYPES } from './worlds.ts';

const seed = Number(process.env['QCONN_TEST_SEED'] ?? Date.now() % 2 ** 31);
const VERBS = ['submit', 'provide', 'query'] as const;

function changesOf(before: readonly Role[], after: readonly Role[]): RoleChange[] {
  const named = (list: readonly Role[], name: string): Role | undefined => list.find((role) => role.name === name);
  return ROLE_NAMES.map((name) => ({ before: named(before, name), after: named(after, name) }));
}

test(`whatever changes for a machine is told, in the right direction (seed ${seed})`, () => {
  fc.assert(
    fc.property(roles, roles, machines, (was, is, some) => {
      const policies = {
        before: compilePolicy({ generation: 1, roles: was, machines: some }),
        after: compilePolicy({ generation: 2, roles: is, machines: some }),
      };
      const impact = new Impact(policies, changesOf(was, is));
      for (const machine of some) {
        const { fingerprint } = machine;
        const { gains, loses } = impact.of({ before: fingerprint, after: fingerprint, roles: machine.roles });
        for (const target of some)
          for (const verb of VERBS)
            for (const serviceType of SERVICE_TYPES) {
              const before = policies.before.decide(fingerprint, verb, serviceType, target.fingerprint).allowed;
              const after = policies.after.decide(fingerprint, verb, serviceType, target.fingerprint).allowed;
              if (before === after) continue;
              const told = (after ? gains : loses).some(
                (right) => right.verb === verb && patternCovers(right.serviceType, serviceType),
              );
              expect(told, `${fingerprint} ${verb} ${serviceType} towards ${target.fingerprint}`).toBe(true);
            }
      }
    }),
    { numRuns: 3_000, seed },
  );
});

const prints = (effect: Grant['effect'], pattern: string, site?: string): Grant => ({
  effect,
  verb: 'submit',
  serviceTypes: [pattern],
  ...(site !== undefined && { selector: { labels: { site } } }),
});

function difference(before: Grant[], after: Grant[], other: Grant[] = []): { gains: string[]; loses: string[] } {
  const machine: Principal = { fingerprint: 'qc1m', status: 'authorized', labels: {}, roles: ['r', 'other'] };
  const [was, is, same] = [
    { name: 'r', grants: before },
    { name: 'r', grants: after },
    { name: 'other', grants: other },
  ];
  const policies = {
    before: compilePolicy({ generation: 1, roles: [was, same], machines: [machine] }),
    after: compilePolicy({ generation: 2, roles: [is, same], machines: [machine] }),
  };
  const impact = new Impact(policies, [
    { before: was, after: is },
    { before: same, after: same },
  ]);
  const { gains, loses } = impact.of({ before: 'qc1m', after: 'qc1m', roles: machine.roles });
  const text = ({ serviceType, towards }: Right): string =>
    `${serviceType}${towards === undefined ? '' : ` ${towards}`}`;
  return { gains: gains.map(text), loses: loses.map(text) };
}

describe('what is told', () => {
  test.each<[string, Grant[], Grant[], Grant[], string[], string[]]>([
    ['a new grant', [], [prints('allow', 'print')], [], ['print'], []],
    ['what another role grants already is no gain', [], [prints('allow', 'print')], [prints('allow', '*')], [], []],
    [
      'another site',
      [prints('allow', 'print', 'oslo')],
      [prints('allow', 'print', 'bergen')],
      [],
      ['print site=bergen'],
      ['print site=oslo'],
    ],
    ['the widest is told, not its parts', [], [prints('allow', '*'), prints('allow', 'print', 'oslo')], [], ['*'], []],
    [
      'a denial takes what another role grants more narrowly',
      [],
      [prints('deny', 'print.*')],
      [prints('allow', 'print.label')],
      [],
      ['print.label'],
    ],
    [
      'a denial of one site takes of what another role grants for a floor',
      [],
      [prints('deny', 'print', 'oslo')],
      [{ ...prints('allow', 'print'), selector: { labels: { floor: '2' } } }],
      [],
      ['print floor=2, site=oslo'],
    ],
  ])('%s', (_, before, after, other, gains, loses) => {
    const told = difference(before, after, other);
    expect(told.gains).toEqual(gains);
    expect(told.loses.map((text) => text.replace('site=oslo, floor=2', 'floor=2, site=oslo'))).toEqual(loses);
  });
});
