import { Ajv, type ErrorObject } from 'ajv';
import { errorInWords } from './error-in-words.ts';
import type { Mistake } from './mistake.ts';
import { type Path, pathInWords, pathOfPointer } from './path.ts';
import type { Provenance } from './provenance.ts';
import type { ConfigSchema } from './settings.ts';

/** Checks a configuration and fills in its defaults. Nothing is removed and nothing is converted. */
export function validate(schema: ConfigSchema, config: Record<string, unknown>, provenance: Provenance): Mistake[] {
  const ajv = new Ajv({
    allErrors: true,
    removeAdditional: false,
    coerceTypes: false,
    useDefaults: true,
    discriminator: true,
    allowUnionTypes: true,
    verbose: true,
  });
  ajv.addKeyword({ keyword: 'secret', schemaType: 'boolean' });
  const check = ajv.compile(schema);
  if (check(config)) return [];
  return nearestBranch(check.errors ?? []).map((error) => {
    const path = pathOf(error);
    const mistake = { source: sourceOf(error, path, provenance), path: pathInWords(path), message: errorInWords(error) };
    return error.keyword === 'required' ? { ...mistake, kind: 'missing' } : mistake;
  });
}

/** The key that an error is about: the one that is missing or unknown, else the one with the wrong value. */
function pathOf(error: ErrorObject): Path {
  const { missingProperty, additionalProperty, unevaluatedProperty } = error.params as Record<string, string | undefined>;
  const key = missingProperty ?? additionalProperty ?? unevaluatedProperty;
  const path = pathOfPointer(error.instancePath);
  return key === undefined ? path : [...path, key];
}

/** What is missing was written nowhere; where a key of a list's item is missing, the item says where to look. */
function sourceOf(error: ErrorObject, path: Path, provenance: Provenance): string {
  return error.keyword === 'required' && path.length === 1 ? '' : provenance.of(path);
}

/**
 * Of a choice (`anyOf`, `oneOf`) that failed, every branch complains. Keeps the complaints of the branch with the
 * fewest, which is most likely the one that was meant, and drops the choice's own.
 */
function nearestBranch(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const choice = errors.findLast((error) => error.keyword === 'anyOf' || error.keyword === 'oneOf');
  if (choice === undefined) return errors;
  const branches = Map.groupBy(
    errors.filter((error) => error.schemaPath.startsWith(`${choice.schemaPath}/`) && isBelow(error, choice)),
    (error) => error.schemaPath.slice(choice.schemaPath.length + 1).split('/')[0],
  );
  const all = [...branches.values()].flat();
  if (all.length === 0 || isListOfValues(choice)) {
    return [...nearestBranch(errors.filter((error) => error !== choice && !all.includes(error))), choice];
  }
  const kept = [...branches.values()].toSorted((a, b) => a.length - b.length)[0] ?? [];
  return nearestBranch(errors.filter((error) => error !== choice && (kept.includes(error) || !all.includes(error))));
}

function isBelow(error: ErrorObject, choice: ErrorObject): boolean {
  return error.instancePath === choice.instancePath || error.instancePath.startsWith(`${choice.instancePath}/`);
}

function isListOfValues(choice: ErrorObject): boolean {
  return Array.isArray(choice.schema) && choice.schema.every((option: ConfigSchema) => option.const !== undefined);
}
