import type { ErrorObject } from 'ajv';
import type { ConfigSchema } from './settings.ts';

/**
 * When a choice (`anyOf`, `oneOf`) fails, every branch complains and so does the choice. Keeps the complaints of the
 * branch with the fewest, which is most likely the one that was meant. Of a choice between constants it keeps the
 * choice's own complaint, which lists them.
 */
export function nearestBranch(errors: readonly ErrorObject[]): ErrorObject[] {
  return errors
    .filter(isChoice)
    .reduce<ErrorObject[]>(settle, errors.filter(isTelling))
    .filter((error) => !isChoice(error) || isListOfValues(error) || hasTooMany(error));
}

function settle(errors: ErrorObject[], choice: ErrorObject): ErrorObject[] {
  const branches = Map.groupBy(
    errors.filter((error) => isOfBranch(error, choice)),
    (error) => error.schemaPath.slice(choice.schemaPath.length + 1).split('/')[0],
  );
  const [nearest = []] = [...branches.values()].toSorted((a, b) => a.length - b.length);
  const kept = isListOfValues(choice) ? [] : nearest;
  return errors.filter((error) => kept.includes(error) || !isOfBranch(error, choice));
}

function isOfBranch(error: ErrorObject, choice: ErrorObject): boolean {
  const { instancePath, schemaPath } = error;
  const below = instancePath === choice.instancePath || instancePath.startsWith(`${choice.instancePath}/`);
  return below && schemaPath.startsWith(`${choice.schemaPath}/`);
}

function isChoice(error: ErrorObject): boolean {
  return error.keyword === 'anyOf' || error.keyword === 'oneOf';
}

/** A value that fits two branches of `oneOf`: no branch complains. */
function hasTooMany(error: ErrorObject): boolean {
  return Boolean((error.params as { passingSchemas?: unknown }).passingSchemas);
}

function isListOfValues(choice: ErrorObject): boolean {
  return Array.isArray(choice.schema) && choice.schema.every((option: ConfigSchema) => option.const !== undefined);
}

/** `if` only says that `then` or `else` has complained, and a complaint about a key's name comes again with the key. */
function isTelling(error: ErrorObject): boolean {
  return error.keyword !== 'if' && error.propertyName === undefined;
}
