import type { Grant, Right, RolePlan, RoleSetChange } from '../api/views.ts';
import { grantInWords } from '../grants/grant-text.ts';
import type { Invocation } from '../invocation.ts';
import { printable } from './printable.ts';

export function changeIsEmpty({ roles, assignments }: RoleSetChange): boolean {
  return roles.length + assignments.length === 0;
}

const DONE = { make: 'is made', edit: 'is edited', delete: 'is deleted' } as const;

/** Roles that change, grant by grant, and machines that get others. */
export function roleChangeText({ roles, assignments }: RoleSetChange, invocation: Invocation): string {
  const changed = roles.map(
    ({ name, change, adds, removes }) =>
      `${invocation.paint(printable(name), 'bold')} ${DONE[change]}\n${grantLines(removes, '-', invocation)}${grantLines(adds, '+', invocation)}`,
  );
  const assigned = assignments.map(
    ({ machine, hostname, before, after }) =>
      `${printable(hostname ?? machine)} has ${rolesText(after)} instead of ${rolesText(before)}\n`,
  );
  return [...changed, ...assigned].join('');
}

/** Who gains and loses what, a line each. */
export function affectedText({ affected, holders, complete }: RolePlan, { paint }: Invocation): string {
  if (holders === 0) return '\nNobody has any of these roles.\n';
  const lines = affected.map(({ kind, name, gains, loses }) => {
    const gained = gains.length === 0 ? '' : paint(`  gains ${rightsText(gains)}`, 'green');
    const lost = loses.length === 0 ? '' : paint(`  loses ${rightsText(loses)}`, 'red');
    return `  ${printable(name)}${kind === 'key' ? ' (API key)' : ''}${gained}${lost}\n`;
  });
  const counted = complete ? '' : '; there are too many to look at each, and these are the first';
  return `\nThis means something for ${affected.length} of the ${holders} that have such a role${counted}:\n${lines.join('')}`;
}

function grantLines(grants: readonly Grant[], sign: '+' | '-', { paint }: Invocation): string {
  return grants
    .map((grant) => `${paint(`  ${sign} ${printable(grantInWords(grant))}`, sign === '+' ? 'green' : 'red')}\n`)
    .join('');
}

function rightsText(rights: readonly Right[]): string {
  return rights
    .map(({ verb, serviceType, towards }) =>
      printable(`${verb} ${serviceType}${towards === undefined ? '' : ` towards ${towards}`}`),
    )
    .join(', ');
}

function rolesText(roles: readonly string[]): string {
  return roles.length === 0 ? 'no role' : printable(roles.join(', '));
}
