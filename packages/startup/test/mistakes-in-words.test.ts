import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type ConfigSchema, loadConfig } from '@qconn/startup';
import { afterAll, expect, test } from 'vitest';

const folder = mkdtempSync(path.join(tmpdir(), 'qconn-config-'));
const file = path.join(folder, 'c.yaml');
afterAll(() => rmSync(folder, { recursive: true }));

/** The mistakes of a value of `x`, without its position. */
function mistakes(schema: ConfigSchema, yaml: string): string[] {
  writeFileSync(file, `x: ${yaml}`);
  try {
    loadConfig({ schema: { type: 'object', properties: { x: schema } }, file });
  } catch (error) {
    return (error as Error).message
      .split('\n  ')
      .slice(1)
      .map((line) => line.replace(/^.*c\.yaml:\d+:\d+: /, ''));
  }
  return [];
}

const either: ConfigSchema = {
  anyOf: [
    { type: 'object', required: ['host', 'port', 'user'], properties: {} },
    { type: 'object', required: ['socket'], properties: {}, additionalProperties: true },
  ],
};

test.each<[string, ConfigSchema, string, string[]]>([
  ['a number', { type: 'number' }, 'three', ['x must be a number, but is "three"']],
  ['two types', { type: ['string', 'null'] }, '3', ['x must be text or null, but is 3']],
  ['a group', { type: 'object', properties: {} }, '[a]', ['x must be a group of keys']],
  ['a minimum', { type: 'integer', minimum: 1 }, '0', ['x must be at least 1, but is 0']],
  ['an open minimum', { type: 'number', exclusiveMinimum: 0 }, '0', ['x must be more than 0']],
  ['an open maximum', { type: 'number', exclusiveMaximum: 1 }, '1', ['x must be less than 1']],
  ['steps', { type: 'integer', multipleOf: 1_000 }, '1500', ['x must be a multiple of 1000, but is 1500']],
  ['emptiness', { type: 'string', minLength: 1 }, '""', ['x must not be empty']],
  ['shortness', { type: 'string', minLength: 8 }, 'abc', ['x must have at least 8 characters']],
  ['length', { type: 'string', maxLength: 2 }, 'abc', ['x must have at most 2 characters']],
  ['few entries', { type: 'array', minItems: 1, items: { type: 'string' } }, '[]', ['x must have at least 1 entry']],
  ['many entries', { type: 'array', maxItems: 1, items: {} }, '[1, 2]', ['x must have at most 1 entries']],
  [
    'a repetition',
    { type: 'array', uniqueItems: true, items: {} },
    '[a, a]',
    ['x must not repeat an entry: 0 and 1, counted from 0, are the same'],
  ],
  ['a pattern', { type: 'string', pattern: '^a' }, 'b', ['x must match ^a, but is "b"']],
  ['a pattern in words', { type: 'string', pattern: '^a', form: 'an a' }, 'b', ['x must be an a, but is "b"']],
  ['a constant', { const: 1 }, '2', ['x must be 1, but is 2']],
  ['a choice of constants', { anyOf: [{ const: 'a' }, { const: 'b' }] }, 'c', ['x must be one of a, b, but is "c"']],
  ['a choice of forms', either, '{ port: 1 }', ['x.socket is missing']],
  ['a choice inside a list', { type: 'array', items: either }, '[{ host: a, port: 1 }]', ['x[0].user is missing']],
  [
    'a form too many',
    { oneOf: [{ type: 'number' }, { type: 'integer' }] },
    '1',
    ['x fits more than one of the forms that it may have, but is 1'],
  ],
  [
    'a key’s name',
    { type: 'object', propertyNames: { pattern: '^[a-z]+$' } },
    '{ A: 1 }',
    ['x may not have a key "A"'],
  ],
  [
    'a rule without words here',
    { type: 'object', minProperties: 1 },
    '{}',
    ['x must NOT have fewer than 1 properties'],
  ],
  [
    'a condition',
    JSON.parse('{ "if": { "type": "string" }, "then": { "minLength": 1 } }'),
    '""',
    ['x must not be empty'],
  ],
  ['a long value', { type: 'integer' }, 'x'.repeat(100), ['x must be a whole number']],
])('tells about %s', (_what, schema, yaml, expected) => {
  expect(mistakes(schema, yaml)).toEqual(expected);
});
