import type { ErrorObject } from 'ajv';
import { containsSecret } from '../secrets.ts';
import { didYouMean } from './did-you-mean.ts';
import type { ConfigSchema } from './settings.ts';

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a group of keys',
  null: 'nothing',
};

/** What is wrong, in words that follow the path of the key. */
export function errorInWords(error: ErrorObject): string {
  const params = error.params as Record<string, unknown>;
  const limit = Number(params['limit']);
  const parent = (error.parentSchema ?? {}) as ConfigSchema;
  switch (error.keyword) {
    case 'type':
      return `must be ${[params['type']].flat().map((type) => TYPE_NAMES[String(type)]).join(' or ')}${butIs(error)}`;
    case 'required':
      return 'is missing';
    case 'additionalProperties':
    case 'unevaluatedProperties':
      return `is not a known key${unknownKeyHint(String(params['additionalProperty'] ?? params['unevaluatedProperty']), parent)}`;
    case 'enum':
      return `must be ${oneOf(params['allowedValues'])}${butIs(error)}`;
    case 'const':
      return `must be ${JSON.stringify(params['allowedValue'])}${butIs(error)}`;
    case 'anyOf':
    case 'oneOf':
      return `must be ${oneOf((parent.anyOf ?? (parent['oneOf'] as ConfigSchema[])).map((option) => option.const))}${butIs(error)}`;
    case 'discriminator':
      return `needs a known ${String(params['tag'])}: ${oneOf(discriminatorValues(parent, String(params['tag'])))}`;
    case 'minimum':
    case 'maximum':
    case 'exclusiveMinimum':
    case 'exclusiveMaximum':
      return `must be ${String(params['comparison'])} ${limit}${butIs(error)}`;
    case 'minLength':
      return limit === 1 ? 'must not be empty' : `must have at least ${limit} characters`;
    case 'maxLength':
      return `must have at most ${limit} characters`;
    case 'minItems':
      return `must have at least ${limit} ${limit === 1 ? 'entry' : 'entries'}`;
    case 'maxItems':
      return `must have at most ${limit} entries`;
    case 'uniqueItems':
      return `must not repeat an entry (${String(params['j'])} and ${String(params['i'])}, from 0, are the same)`;
    case 'pattern':
      return `must match ${String(params['pattern'])}${butIs(error)}`;
    default:
      return error.message ?? `breaks the rule ${error.keyword}`;
  }
}

function oneOf(values: unknown): string {
  return `one of ${[values].flat().map(String).join(', ')}`;
}

function unknownKeyHint(key: string, parent: ConfigSchema): string {
  const known = Object.keys(parent.properties ?? {});
  return didYouMean(key, known) || (known.length > 0 && known.length <= 12 ? `; known are ${known.join(', ')}` : '');
}

function discriminatorValues(parent: ConfigSchema, tag: string): unknown[] {
  const branches = (parent['oneOf'] ?? []) as ConfigSchema[];
  return branches.flatMap((branch) => branch.properties?.[tag]?.const ?? branch.properties?.[tag]?.enum ?? []);
}

/** `, but is "http"`: short scalars only, and never a secret. */
function butIs(error: ErrorObject): string {
  const { data } = error;
  const secret = (error.parentSchema as ConfigSchema | undefined)?.secret === true;
  if (typeof data === 'object' || secret) return '';
  const shown = JSON.stringify(data) ?? '';
  return shown.length > 64 || containsSecret(shown) ? '' : `, but is ${shown}`;
}
