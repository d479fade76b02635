import { parseGrant } from './parse-grant.ts';
import { GRANTS_PER_ROLE_MAX, ROLE_DESCRIPTION_MAX, ROLE_NAME_MAX_BYTES } from './limits.ts';
import { type Mistake, Mistakes } from './mistakes.ts';
import type { Grant, Role } from './role.ts';
import { isRecord, listOf, refuseUnknownKeys } from './shape.ts';

const ROLE_NAME = /^[a-z0-9][a-z0-9._-]*$/;

/** A role document that somebody wrote, checked. @throws QconnError `invalid_request` with every mistake at once */
export function parseRole(value: unknown): Role {
  const mistakes = new Mistakes();
  const role = readRole(value, mistakes);
  mistakes.throwIfAny('role');
  return role;
}

/** Every mistake of a role document; none when {@link parseRole} would take it. */
export function checkRole(value: unknown): readonly Mistake[] {
  const mistakes = new Mistakes();
  readRole(value, mistakes);
  return mistakes.list;
}

/** True for a usable role name: lower-case letters, digits, dots, hyphens and underscores. */
export function isRoleName(text: string): boolean {
  return text.length <= ROLE_NAME_MAX_BYTES && ROLE_NAME.test(text);
}

/** Reads as far as it can; what it returns is a role only if there were no mistakes. */
function readRole(value: unknown, mistakes: Mistakes): Role {
  if (!isRecord(value)) {
    mistakes.add('', 'must be an object with name and grants');
    return { name: '', grants: [] };
  }
  refuseUnknownKeys(value, ['name', 'description', 'grants'], '', mistakes);
  const { name, description } = value;
  if (typeof name !== 'string' || !isRoleName(name)) {
    mistakes.add(
      'name',
      `must be 1 to ${ROLE_NAME_MAX_BYTES} lower-case letters, digits, dots, hyphens or underscores`,
    );
  }
  if (description !== undefined && (typeof description !== 'string' || description.length > ROLE_DESCRIPTION_MAX)) {
    mistakes.add('description', `must be text of at most ${ROLE_DESCRIPTION_MAX} characters`);
  }
  const items = listOf(value['grants'], 'grants', GRANTS_PER_ROLE_MAX, mistakes);
  const grants: Grant[] = items.map((item, index) => parseGrant(item, `grants[${index}]`, mistakes));
  return { name: String(name), ...(typeof description === 'string' ? { description } : {}), grants };
}
