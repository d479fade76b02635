import type { ErrorObject } from 'ajv';
import { containsSecret } from '../secrets.ts';
import { didYouMean } from './did-you-mean.ts';
import type { ConfigSchema } from './settings.ts';

/** What the validator tells of a broken rule. Which of these there are depends on the rule. */
interface RuleParameters {
  readonly type: string | readonly string[];
  readonly limit: number;
  readonly multipleOf: number;
  readonly pattern: string;
  readonly tag: string;
  readonly propertyName: string;
  readonly additionalProperty: string;
  readonly unevaluatedProperty: string;
  readonly allowedValue: unknown;
  readonly allowedValues: readonly unknown[];
  /** Two positions in a list. */
  readonly i: number;
  readonly j: number;
  /** Present when a value fits more than one branch of a choice. */
  readonly passingSchemas: readonly number[] | null;
}

/** @param schema the one that the rule stands in */
type Words = (params: RuleParameters, schema: ConfigSchema) => string;

const atLeast: Words = ({ limit }) => `must be at least ${limit}`;
const unknownKey: Words = ({ additionalProperty, unevaluatedProperty }, schema) =>
  `is not a known key${keyHint(additionalProperty ?? unevaluatedProperty, schema)}`;
const noForm: Words = ({ passingSchemas }, schema) =>
  passingSchemas ? 'fits more than one of the forms that it may have' : `must be ${oneOf(valuesOf(schema))}`;

/** By keyword of JSON Schema, in words that follow the path of the key. */
const WORDS: Readonly<Record<string, Words>> = {
  type: ({ type }) => `must be ${[type].flat().map(typeInWords).join(' or ')}`,
  required: () => 'is missing',
  additionalProperties: unknownKey,
  unevaluatedProperties: unknownKey,
  propertyNames: ({ propertyName }) => `may not have a key ${JSON.stringify(propertyName)}`,
  enum: ({ allowedValues }) => `must be ${oneOf(allowedValues)}`,
  const: ({ allowedValue }) => `must be ${JSON.stringify(allowedValue)}`,
  anyOf: noForm,
  oneOf: noForm,
  discriminator: ({ tag }, schema) => `needs a known ${tag}: ${oneOf(tagsOf(schema, tag))}`,
  minimum: atLeast,
  maximum: ({ limit }) => `must be at most ${limit}`,
  exclusiveMinimum: ({ limit }) => `must be more than ${limit}`,
  exclusiveMaximum: ({ limit }) => `must be less than ${limit}`,
  multipleOf: ({ multipleOf }) => `must be a multiple of ${multipleOf}`,
  minLength: ({ limit }) => (limit === 1 ? 'must not be empty' : `must have at least ${limit} characters`),
  maxLength: ({ limit }) => `must have at most ${limit} characters`,
  minItems: ({ limit }) => `must have at least ${limit} ${limit === 1 ? 'entry' : 'entries'}`,
  maxItems: ({ limit }) => `must have at most ${limit} entries`,
  uniqueItems: ({ i, j }) => `must not repeat an entry: ${j} and ${i}, counted from 0, are the same`,
  pattern: ({ pattern }, { form }) => (form === undefined ? `must match ${pattern}` : `must be ${form}`),
};

/** Rules about a value that is worth showing. */
const ABOUT_VALUE = new Set(['type', 'enum', 'const', 'anyOf', 'oneOf', 'minimum', 'maximum', 'multipleOf', 'pattern']);

/** What is wrong, in words that follow the path of the key. */
export function errorInWords(error: ErrorObject): string {
  const words = WORDS[error.keyword]?.(error.params as RuleParameters, error.parentSchema ?? {});
  if (words === undefined) return error.message ?? `breaks the rule ${error.keyword}`;
  return ABOUT_VALUE.has(error.keyword) ? `${words}${butIs(error)}` : words;
}

function typeInWords(type: string): string {
  switch (type) {
    case 'string':
      return 'text';
    case 'integer':
      return 'a whole number';
    case 'boolean':
      return 'true or false';
    case 'array':
      return 'a list';
    case 'object':
      return 'a group of keys';
    default:
      return type === 'number' ? 'a number' : type;
  }
}

function oneOf(values: readonly unknown[]): string {
  return `one of ${values.map(String).join(', ')}`;
}

function keyHint(key: string, schema: ConfigSchema): string {
  const known = Object.keys(schema.properties ?? {});
  return didYouMean(key, known) || (known.length > 0 && known.length <= 12 ? `; known are ${known.join(', ')}` : '');
}

/** The values of a choice between constants. */
function valuesOf(schema: ConfigSchema): unknown[] {
  return (schema.anyOf ?? schema.oneOf ?? []).map((option) => option.const);
}

/** What tells the branches of a choice apart. */
function tagsOf(schema: ConfigSchema, tag: string): unknown[] {
  return (schema.oneOf ?? []).flatMap((branch) => {
    const property = branch.properties?.[tag];
    return property?.const ?? property?.enum ?? [];
  });
}

/** `, but is "http"`: short scalars only, and never a secret. */
function butIs(error: ErrorObject): string {
  const { data } = error;
  if (typeof data === 'object' || error.parentSchema?.['secret'] === true) return '';
  const shown = JSON.stringify(data) ?? '';
  return shown.length > 64 || containsSecret(shown) ? '' : `, but is ${shown}`;
}
