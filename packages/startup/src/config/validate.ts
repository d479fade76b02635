import { Ajv, type ErrorObject } from 'ajv';
import { errorInWords } from './error-in-words.ts';
import type { Mistake } from './mistake.ts';
import { nearestBranch } from './nearest-branch.ts';
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
    // Unknown keywords throw; what else strict mode dislikes it would print, past the log.
    strictTypes: false,
    strictTuples: false,
    verbose: true,
  });
  for (const keyword of ['secret', 'reloadable']) ajv.addKeyword({ keyword, schemaType: 'boolean' });
  ajv.addKeyword({ keyword: 'form', schemaType: 'string' });
  const check = ajv.compile(schema);
  if (check(config)) return [];
  return nearestBranch(check.errors ?? []).map((error) => {
    const path = pathOf(error);
    const mistake = {
      source: sourceOf(error, path, provenance),
      path: pathInWords(path),
      message: errorInWords(error),
    };
    return error.keyword === 'required' ? { ...mistake, kind: 'missing' } : mistake;
  });
}

/** The key that an error is about: the one that is missing or unknown, else the one with the wrong value. */
function pathOf(error: ErrorObject): Path {
  const { missingProperty, additionalProperty, unevaluatedProperty } = error.params as Record<
    string,
    string | undefined
  >;
  const key = missingProperty ?? additionalProperty ?? unevaluatedProperty;
  const path = pathOfPointer(error.instancePath);
  return key === undefined ? path : [...path, key];
}

/** What is missing was written nowhere; where a key of a list's item is missing, the item says where to look. */
function sourceOf(error: ErrorObject, path: Path, provenance: Provenance): string {
  return error.keyword === 'required' && path.length === 1 ? '' : provenance.of(path);
}
