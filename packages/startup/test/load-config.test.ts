import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { QconnError } from '@qconn/protocol';
import { type ConfigSources, type Finding, loadConfig } from '@qconn/startup';
import { afterAll, expect, test } from 'vitest';
import { type LabConfig, labSchema } from './lab-schema.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'qconn-config-'));
const file = path.join(folder, 'lab.yaml');
afterAll(() => rmSync(folder, { recursive: true }));

function load(yaml: string, more: Partial<ConfigSources<LabConfig>> = {}): LabConfig {
  writeFileSync(file, yaml);
  return loadConfig({ schema: labSchema, file, environmentPrefix: 'LAB_', ...more });
}

/** The lines of the mistakes, with the file's folder left out. */
function mistakes(yaml: string, more: Partial<ConfigSources<LabConfig>> = {}): string[] {
  try {
    load(yaml, more);
  } catch (error) {
    if (!(error instanceof QconnError) || error.code !== 'config_invalid') throw error;
    return error.message.replaceAll(`${folder}/`, '').split('\n  ').slice(1);
  }
  return [];
}

test('fills in defaults', () => {
  expect(load('hub: hub.example:4433')).toEqual({
    hub: 'hub.example:4433',
    dataFolder: '/var/lib/qconn',
    http: { port: 8_443, hosts: ['localhost'], tls: true },
    log: { level: 'info' },
    devices: [],
  });
});

test('lets flags beat the environment, and the environment beat the file', () => {
  const yaml = 'hub: file\ndataFolder: file\nhttp: { port: 1, tls: true, hosts: [a] }';
  const environment = {
    LAB_HUB: 'environment',
    LAB_HTTP_PORT: '2',
    LAB_HTTP_TLS: 'false',
    LAB_HTTP_HOSTS: 'b, c',
    HOME: '/root',
  };
  const flags = { '--port': { path: 'http.port', value: '3' }, '--tls': { path: 'http.tls', value: undefined } };
  expect(load(yaml, { environment, flags })).toMatchObject({
    hub: 'environment',
    dataFolder: 'file',
    http: { port: 3, tls: false, hosts: ['b', 'c'] },
  });
});

test('takes variables with names of their own, and an empty one as not set', () => {
  const environmentNames = { DATABASE_URL: 'database.url' };
  const read = (url: string): LabConfig =>
    load('hub: h', { environment: { DATABASE_URL: url, LAB_HTTP_PORT: '' }, environmentNames });
  expect(read('postgres://db/qconn').database).toEqual({ url: 'postgres://db/qconn' });
  expect(read('').database).toBeUndefined();
});

test('keeps text text, even when it looks like a number', () => {
  expect(load('hub: "5"', { environment: { LAB_DATA_FOLDER: '007' } })).toMatchObject({ hub: '5', dataFolder: '007' });
});

test('needs no file', () => {
  const flags = { '--hub': { path: 'hub', value: 'h' } };
  expect(loadConfig({ schema: labSchema, flags }).hub).toBe('h');
});

test('tells every mistake at once: where, which key, what', () => {
  const yaml = [
    'http:',
    '  prot: 8443',
    '  hosts: localhost',
    'log: { level: loud }',
    'devices:',
    '  - { adapter: tcp, name: zebra-1 }',
    '  - { adapter: telnet }',
  ].join('\n');
  const environment = { LAB_HTTP_TLS: 'maybe', LAB_HTPP_PORT: '1' };
  const flags = { '--port': { path: 'http.port', value: '70000' }, '--data': { path: 'dataFolder', value: '' } };
  expect(mistakes(yaml, { environment, flags }).toSorted()).toEqual(
    [
      'environment LAB_HTPP_PORT: names no setting; did you mean LAB_HTTP_PORT?',
      '--data: dataFolder has no value',
      'hub is missing',
      'lab.yaml:2:3: http.prot is not a known key; did you mean port?',
      '--port: http.port must be at most 65535, but is 70000',
      'lab.yaml:3:3: http.hosts must be a list, but is "localhost"',
      'environment LAB_HTTP_TLS: http.tls must be true or false, but is "maybe"',
      'lab.yaml:4:8: log.level must be one of debug, info, warn, but is "loud"',
      'lab.yaml:6:5: devices[0].port is missing',
      'lab.yaml:7:5: devices[1] needs a known adapter: one of tcp, exec',
    ].toSorted(),
  );
});

test('says how many mistakes there are, and in which file', () => {
  expect(() => load('http: { port: x }')).toThrow(`The configuration has 2 mistakes (file ${file}):`);
});

test.each([
  ['data_folder', 'dataFolder'],
  ['datafolder', 'dataFolder'],
  ['devcies', 'devices'],
  ['htp', 'http'],
])('guesses that %s was to be %s', (written, meant) => {
  expect(mistakes(`hub: h\n${written}: 1`)).toEqual([
    `lab.yaml:2:1: ${written} is not a known key; did you mean ${meant}?`,
  ]);
});

test('lists the known keys when nothing is near', () => {
  expect(mistakes('hub: h\nhttp:\n  certificate: x')).toEqual([
    'lab.yaml:3:3: http.certificate is not a known key; known are port, hosts, tls',
  ]);
});

const secret = 'postgres://qconn:correct-horse@db/qconn';

test.each([
  ['the wrong kind of URL', `hub: h\ndatabase: { url: "my${secret}" }`, {}],
  ['a value in the place of a group', `hub: h\ndatabase: ${secret}`, {}],
  ['YAML that breaks off at the secret', `hub: h\ndatabase: { url: "${secret}`, {}],
  ['a key that nobody knows', `hub: h\npassword: ${secret}`, {}],
  ['the environment', 'hub: h', { LAB_DATABASE_URL: `x${secret}` }],
  ['a token in the wrong place', 'hub: h\nhttp: { port: qt1qqqsyqcyq5rqwzqfpg9scrgwpugpzysn }', {}],
])('never shows a secret: %s', (_what, yaml, environment) => {
  const text = mistakes(yaml, { environment }).join('\n');
  expect(text).not.toBe('');
  expect(text).not.toMatch(/correct-horse|sqqsyqcyq|qt1qqq/);
});

const bomb = [
  'a: &a [x,x,x,x,x,x,x,x,x]',
  ...'bcdefgh'.split('').map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefg'[index]}`).join(',')}]`),
].join('\n');

test.each([
  ['a repeated key', 'hub: a\nhub: b', 'lab.yaml:2:1: repeats a key'],
  ['an alias bomb', bomb, 'lab.yaml: uses aliases more than 50 times, or one that is not defined'],
  ['an unknown alias', 'hub: *nothing', 'lab.yaml: uses aliases more than 50 times, or one that is not defined'],
  ['a list', '- hub: a', 'lab.yaml: must hold keys and values'],
  ['a scalar', 'hub', 'lab.yaml: must hold keys and values'],
  ['two documents', 'hub: a\n---\nhub: b', 'lab.yaml:2:1: begins a second document; a configuration is one'],
  ['tabs', 'http:\n\tport: 1', 'lab.yaml:2:1: is not valid YAML: Tabs are not allowed as indentation'],
  ['a tag', 'hub: !ruby/object x', 'lab.yaml:1:6: has a tag (!…) that means nothing here'],
  [
    'an open bracket',
    'http: {port: 1',
    'lab.yaml:1:15: is not valid YAML: Flow map in block collection must be sufficiently indented and end with a }',
  ],
])('refuses %s', (_what, yaml, mistake) => {
  expect(mistakes(yaml)).toEqual([mistake]);
});

test('refuses a file that is not there, a folder, and one that is too large', () => {
  const of = (name: string): string[] => mistakes('hub: h', { file: name });
  expect(of(path.join(folder, 'none.yaml'))).toEqual(['none.yaml: does not exist']);
  expect(of(folder)).toEqual([expect.stringMatching(/cannot be read \(EISDIR\)$/)]);
  expect(mistakes(`hub: ${'x'.repeat(1_100_000)}`)[0]).toBe('lab.yaml: has 1100005 bytes; the limit is 1048576');
});

test('takes no key for the prototype', () => {
  expect(mistakes('hub: h\n__proto__: { dataFolder: x }')[0]).toContain('lab.yaml:2:1: __proto__ is not a known key');
  expect(({} as { dataFolder?: string }).dataFolder).toBeUndefined();
});

test('tells what a program finds itself like what the schema finds, and only once the schema is content', () => {
  const check = ({ devices, http }: LabConfig): Finding[] => [
    ...devices.flatMap(({ name }, index) =>
      devices.findIndex((other) => other.name === name) < index
        ? [{ path: ['devices', index, 'name'], message: `${name} is taken` }]
        : [],
    ),
    ...(http.tls ? [] : [{ path: ['http', 'tls'], message: 'cannot be off here' }]),
  ];
  const device = '  - { name: zebra-1, adapter: tcp, port: 9100 }';
  const yaml = ['hub: h', 'devices:', device, device].join('\n');
  const environment = { LAB_HTTP_TLS: 'false' };
  expect(mistakes(yaml, { check, environment })).toEqual([
    'lab.yaml:4:7: devices[1].name zebra-1 is taken',
    'environment LAB_HTTP_TLS: http.tls cannot be off here',
  ]);
  expect(mistakes(`${yaml}\nhtp: 1`, { check })).toEqual(['lab.yaml:5:1: htp is not a known key; did you mean http?']);
  expect(load('hub: h', { check }).hub).toBe('h');
});

test('takes few aliases', () => {
  expect(load('hub: &name h\ndataFolder: *name')).toMatchObject({ hub: 'h', dataFolder: 'h' });
});
