import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isQconnError } from '@qconn/protocol';
import { afterAll, expect, test } from 'vitest';
import { readConfig } from '../src/config/read-config.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'qconn-agent-config-'));
const file = path.join(folder, 'a.yaml');
afterAll(() => rmSync(folder, { recursive: true }));

/** What is told of a file, a line for each mistake, without the file's folder. */
function mistakes(yaml: string, environment: NodeJS.ProcessEnv = {}): string[] {
  writeFileSync(file, yaml);
  try {
    readConfig({ config: file }, ['hub', 'credentials'], environment);
  } catch (error) {
    if (!isQconnError(error, 'config_invalid')) throw error;
    return error.message.replaceAll(`${folder}/`, '').split('\n  ').slice(1);
  }
  return [];
}

/** A right configuration, three lines, with more after it. */
const top = (more: string): string => `hub: https://h\ncredentials: c\n${more}`;
const device = (more: string): string => top(`devices:\n  - ${more}`);
const adapter = (text: string): string => device(`{ name: a, serviceTypes: [b], adapter: ${text} }`);
const tcp = (more: string): string => adapter(`{ type: tcp, host: h, port: 1, ${more} }`);
const exec = (more: string): string => adapter(`{ type: exec, ${more} }`);
const http = (more: string): string => adapter(`{ type: http, ${more} }`);
const spool = (more: string): string => adapter(`{ type: file, folder: f, ${more} }`);
const outbox = (more: string): string => top(`outboxes:\n  - { folder: f, ${more} }`);
const ANY_ADAPTER = '{ type: file, folder: f }';

test('the frames of the cases below have no mistakes themselves', () => {
  for (const yaml of [top(''), tcp(''), exec('argv: [a]'), http('url: http://h'), spool('')])
    expect(mistakes(yaml)).toEqual([]);
});

test.each<[string, string, string | RegExp]>([
  // The file
  ['nothing', '', 'hub is missing'],
  ['a list', '- hub', 'must hold keys and values'],
  ['a tab for indentation', top('log:\n\tlevel: info'), /a\.yaml:4:1: .*YAML/],
  ['an open bracket', top('devices: ['), /a\.yaml:\d+:\d+: .*YAML/],
  ['a key twice', top('hub: https://i'), 'a.yaml:3:1: repeats a key'],
  ['two documents', `${top('')}---\nhub: x`, 'begins a second document'],
  ['a tag', top('hostname: !!js/function x'), /a\.yaml:3:11/],
  ['an alias that is not defined', top('hostname: *nobody'), /a\.yaml/],
  ['an alias bomb', `a: &a [x, x]\nb: &b [${'*a, '.repeat(40)}]\nc: [${'*b, '.repeat(40)}]`, 'aliases'],
  ['a prototype', top('__proto__: { hub: x }'), '__proto__ is not a known key'],
  ['binary', 'hub: "\u0000\u0001"', 'hub must be an https address without a path'],
  // The top
  ['no hub', 'credentials: c', 'hub is missing'],
  ['no credentials', 'hub: https://h', 'credentials is missing'],
  ['a hub without TLS', 'hub: http://h\ncredentials: c', 'a.yaml:1:1: hub must be an https address without a path'],
  ['a hub that is a host', 'hub: hub.example\ncredentials: c', 'hub must be an https address without a path'],
  ['a hub with a path', 'hub: https://h/v1\ncredentials: c', 'hub must be an https address without a path'],
  ['a hub that is a number', 'hub: 8443\ncredentials: c', 'hub must be text, but is 8443'],
  ['empty credentials', 'hub: https://h\ncredentials: ""', 'credentials must not be empty'],
  ['a misspelt key', top('device: []'), 'a.yaml:3:1: device is not a known key; did you mean devices?'],
  ['a hostname with capitals', top('hostname: Printer'), 'hostname must be a hostname of'],
  ['a hostname with a space', top('hostname: printer pc'), 'hostname must be a hostname of'],
  ['a long hostname', top(`hostname: ${'a'.repeat(129)}`), 'hostname must have at most 128 characters'],
  ['an unknown log level', top('log: { level: verbose }'), 'log.level must be one of trace, debug'],
  ['an unknown log format', top('log: { format: xml }'), 'log.format must be one of auto, json, pretty'],
  ['a log that is a level', top('log: debug'), 'log must be a group of keys'],
  ['devices that are a group', top('devices: { name: a }'), 'devices must be a list'],
  ['null devices', top('devices:'), 'devices must be a list'],
  ['257 devices', top(`devices: [${'{}, '.repeat(257)}]`), 'devices must have at most 256 entries'],
  // Devices
  ['a device that is a name', device('zebra'), 'devices[0] must be a group of keys'],
  ['a device without a name', device(`{ serviceTypes: [a], adapter: ${ANY_ADAPTER} }`), 'devices[0].name is missing'],
  ['a device without an adapter', device('{ name: a, serviceTypes: [a] }'), 'devices[0].adapter is missing'],
  [
    'a device without service types',
    device(`{ name: a, adapter: ${ANY_ADAPTER} }`),
    'devices[0].serviceTypes is missing',
  ],
  ['no service types', device(`{ name: a, serviceTypes: [], adapter: ${ANY_ADAPTER} }`), 'must have at least 1 entry'],
  [
    'a service type twice',
    device(`{ name: a, serviceTypes: [b, b], adapter: ${ANY_ADAPTER} }`),
    'must not repeat an entry',
  ],
  [
    'a service type with capitals',
    device(`{ name: a, serviceTypes: [Print], adapter: ${ANY_ADAPTER} }`),
    'devices[0].serviceTypes[0] must be lower-case words',
  ],
  [
    'a service type pattern',
    device(`{ name: a, serviceTypes: ["print.*"], adapter: ${ANY_ADAPTER} }`),
    'serviceTypes[0] must be lower-case words',
  ],
  [
    'a name with a slash',
    device(`{ name: a/b, serviceTypes: [b], adapter: ${ANY_ADAPTER} }`),
    'a.yaml:4:7: devices[0].name must be letters, digits',
  ],
  [
    'a name that is a number',
    device(`{ name: 1, serviceTypes: [b], adapter: ${ANY_ADAPTER} }`),
    'devices[0].name must be text, but is 1',
  ],
  [
    'a long name',
    device(`{ name: ${'a'.repeat(129)}, serviceTypes: [b], adapter: ${ANY_ADAPTER} }`),
    'at most 128 characters',
  ],
  [
    'no concurrency',
    device(`{ name: a, serviceTypes: [b], concurrency: 0, adapter: ${ANY_ADAPTER} }`),
    'concurrency must be at least 1',
  ],
  [
    'half a job at once',
    device(`{ name: a, serviceTypes: [b], concurrency: 0.5, adapter: ${ANY_ADAPTER} }`),
    'must be a whole number',
  ],
  [
    'a name twice',
    device(
      `{ name: a, serviceTypes: [b], adapter: ${ANY_ADAPTER} }\n  - { name: a, serviceTypes: [c], adapter: ${ANY_ADAPTER} }`,
    ),
    'devices[1].name is that of devices[0] already: a',
  ],
  // Adapters
  ['an adapter that is a type', adapter('tcp'), 'devices[0].adapter must be a group of keys'],
  ['an adapter without a type', adapter('{ host: h }'), 'devices[0].adapter.type is missing'],
  ['an unknown type', adapter('{ type: udp }'), 'needs a known type: one of tcp, exec, http, file'],
  ['a port of 0', adapter('{ type: tcp, host: h, port: 0 }'), 'adapter.port must be at least 1'],
  ['a port of 65536', adapter('{ type: tcp, host: h, port: 65536 }'), 'adapter.port must be at most 65535'],
  ['a port in quotes', adapter('{ type: tcp, host: h, port: "9100" }'), 'adapter.port must be a whole number'],
  [
    'a host with a scheme',
    adapter('{ type: tcp, host: "tcp://h", port: 1 }'),
    'adapter.host must be a host name or an IP address',
  ],
  ['a timeout of 0', tcp('connectTimeoutMs: 0'), 'connectTimeoutMs must be at least 1'],
  ['a timeout with a unit', tcp('connectTimeoutMs: 5s'), 'connectTimeoutMs must be a whole number, but is "5s"'],
  ['a timeout of a month', tcp('writeTimeoutMs: 2592000000'), 'writeTimeoutMs must be at most 86400000'],
  ['a timeout that is infinite', tcp('closeTimeoutMs: .inf'), 'closeTimeoutMs'],
  ['an unknown end', tcp('doneWhen: later'), 'doneWhen must be one of closed, sent'],
  [
    'an answer without an end',
    tcp('doneWhen: sent, readBack: true'),
    'devices[0].adapter.readBack needs doneWhen: closed',
  ],
  ['an answer over the limit', tcp('answerMaxBytes: 1073741825'), 'answerMaxBytes must be at most 1073741824'],
  ['a key of another adapter', tcp('argv: [a]'), 'adapter.argv is not a known key'],
  ['a command line as text', exec('argv: "lp -d zebra"'), 'adapter.argv must be a list'],
  ['no command', exec('argv: []'), 'adapter.argv must have at least 1 entry'],
  ['an argument that is a number', exec('argv: [sleep, 1]'), 'adapter.argv[1] must be text'],
  ['an argument with a NUL', exec('argv: ["a\\0"]'), 'adapter.argv[0] must match'],
  ['a shell', exec('argv: [a], shell: true'), 'adapter.shell is not a known key'],
  ['a variable with =', exec('argv: [a], environment: { "A=B": c }'), 'may not have a key "A=B"'],
  ['a variable that is a number', exec('argv: [a], environment: { A: 1 }'), 'environment.A must be text'],
  [
    'a variable that is passed with $',
    exec('argv: [a], passEnvironment: [$HOME]'),
    'passEnvironment[0] must be the name of a variable',
  ],
  ['a URL without a scheme', http('url: localhost:8080'), 'adapter.url must be an http or https address'],
  ['a URL of another scheme', http('url: ftp://h'), 'adapter.url must be an http or https address'],
  ['a URL with a bad port', http('url: http://h:99999'), 'devices[0].adapter.url is not a URL'],
  ['a header that ends the line', http('url: http://h, headers: { a: "b\\r\\nc: d" }'), 'headers.a must match'],
  ['a header with a colon', http('url: http://h, headers: { "a:": b }'), 'may not have a key "a:"'],
  ['a name that leaves the folder', spool('name: ../x'), 'adapter.name must be a file name without folders'],
  ['a hidden name', spool('name: .x'), 'adapter.name must be a file name without folders'],
  ['an unknown placeholder', spool('name: "{tme}"'), 'adapter.name must be a file name without folders'],
  ['an open placeholder', spool('name: "{time"'), 'adapter.name must be a file name without folders'],
  // Outboxes and local programs
  ['an outbox without an address', top('outboxes: [{ folder: f }]'), 'outboxes[0].to is missing'],
  ['an outbox to nowhere', outbox('to: "print@"'), 'a.yaml:4:18: outboxes[0].to is no address'],
  ['an outbox to a sentence', outbox('to: Print it'), 'outboxes[0].to is no address'],
  ['names with a folder', outbox('to: print, names: a/b'), 'outboxes[0].names must be a name without folders'],
  ['another afterwards', outbox('to: print, afterwards: shred'), 'outboxes[0].afterwards must be'],
  ['no time to settle', outbox('to: print, settleMs: 0'), 'outboxes[0].settleMs must be at least 10'],
  [
    'two outboxes of one folder',
    top('outboxes: [{ folder: f, to: print }, { folder: ./f, to: scan }]'),
    'outboxes[1].folder',
  ],
  [
    'local rights to a sentence',
    top('local: { submit: [Print it] }'),
    'local.submit[0] must be a service type, or one',
  ],
  [
    'local rights with a star inside',
    top('local: { submit: ["a.*.b"] }'),
    'local.submit[0] must be a service type, or one',
  ],
  ['a local right that is unknown', top('local: { listen: [a] }'), 'local.listen is not a known key'],
])('%s', (_what, yaml, expected) => {
  expect(mistakes(yaml).join('\n')).toMatch(typeof expected === 'string' ? literally(expected) : expected);
});

test('all mistakes come at once, each with its line and column', () => {
  const yaml = `hub: h
credentials: c
devices:
  - name: a b
    serviceTypes: [X]
    adapter: { type: tcp, host: h, prt: 9100 }
`;
  expect(mistakes(yaml)).toEqual([
    expect.stringMatching(/^a\.yaml:1:1: hub must be an https address without a path/),
    expect.stringMatching(/^a\.yaml:4:5: devices\[0\]\.name must be letters/),
    expect.stringMatching(/^a\.yaml:5:20: devices\[0\]\.serviceTypes\[0\] must be lower-case words/),
    'a.yaml:6:5: devices[0].adapter.port is missing',
    'a.yaml:6:36: devices[0].adapter.prt is not a known key; did you mean port?',
  ]);
});

test('values that may be secrets are never shown', () => {
  const secret = 'Bearer hunter2\\u0007';
  const told = [
    http(`url: http://h, headers: { authorization: "${secret}" }`),
    exec('argv: [a], environment: { PASSWORD: [hunter2] }'),
  ];
  for (const yaml of told) expect(mistakes(yaml).join()).not.toContain('hunter2');
});

test('a misspelt variable is a mistake', () => {
  expect(mistakes(top(''), { QCONN_AGENT_LOG_LEVL: 'debug' })).toEqual([
    'environment QCONN_AGENT_LOG_LEVL: names no setting; did you mean QCONN_AGENT_LOG_LEVEL?',
  ]);
});

function literally(text: string): RegExp {
  return new RegExp(text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
}
