import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isDeviceName, isHostname, isServiceType } from '@qconn/protocol';
import { afterAll, expect, test } from 'vitest';
import { readConfig } from '../src/config/read-config.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'qconn-agent-config-'));
const file = path.join(folder, 'a.yaml');
afterAll(() => rmSync(folder, { recursive: true }));

const FILE = `
hub: https://hub.example:8443
credentials: machine
devices:
  - { name: spool, serviceTypes: [print], adapter: { type: file, folder: out } }
  - { name: tool, serviceTypes: [scale.read], concurrency: 1, adapter: { type: exec, argv: [cat], folder: /srv } }
`;

test('fills in defaults; relative paths in the file start from its folder', () => {
  writeFileSync(file, FILE);
  expect(readConfig({ config: file }, ['hub', 'credentials'], {})).toEqual({
    local: { submit: [] },
    outboxes: [],
    hub: 'https://hub.example:8443',
    credentials: path.join(folder, 'machine'),
    log: { level: 'info', format: 'auto' },
    devices: [
      {
        name: 'spool',
        serviceTypes: ['print'],
        concurrency: 4,
        adapter: { type: 'file', folder: path.join(folder, 'out'), name: '{time}-{id}' },
      },
      {
        name: 'tool',
        serviceTypes: ['scale.read'],
        concurrency: 1,
        adapter: {
          type: 'exec',
          argv: ['cat'],
          folder: '/srv',
          environment: {},
          passEnvironment: [],
          timeoutMs: 25_000,
          killGraceMs: 2_000,
          answerMaxBytes: 65_536,
        },
      },
    ],
  });
});

test('flags beat the environment, which beats the file; their paths start from the current folder', () => {
  writeFileSync(file, FILE);
  const environment = {
    QCONN_AGENT_HUB: 'https://two',
    QCONN_AGENT_CREDENTIALS: 'elsewhere',
    QCONN_AGENT_LOG_LEVEL: 'debug',
  };
  const read = (flags: object): unknown => readConfig({ config: file, ...flags }, ['hub'], environment);
  expect(read({})).toMatchObject({
    hub: 'https://two',
    credentials: path.resolve('elsewhere'),
    log: { level: 'debug' },
  });
  expect(read({ hub: 'https://three', credentials: 'here', logLevel: 'warn' })).toMatchObject({
    hub: 'https://three',
    credentials: path.resolve('here'),
    log: { level: 'warn' },
  });
});

test('the environment can name the file', () => {
  writeFileSync(file, FILE);
  expect(readConfig({}, ['hub'], { QCONN_AGENT_CONFIG: file }).devices).toHaveLength(2);
});

test('without a file, flags are enough for what a command needs; what is missing is told with where it could stand', () => {
  mkdirSync(path.join(folder, 'x'));
  expect(readConfig({ credentials: path.join(folder, 'x') }, ['credentials'], {})).toMatchObject({ devices: [] });
  expect(() => readConfig({}, ['credentials'], {})).toThrow(
    /credentials is missing\nNo configuration file was read: name one with --config/,
  );
});

test('the example in the README has no mistakes', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const [, example = ''] = /^```yaml\n(.*?)^```$/ms.exec(readme) ?? [];
  writeFileSync(file, example);
  expect(readConfig({ config: file }, ['hub', 'credentials'], {}).devices).toHaveLength(4);
});

test.each(['a', 'a b', 'zebra-1', 'A.b_c:d@e#f+g-h', '-a', 'é', ''])(
  'takes the device name %j as the protocol does',
  (name) => {
    const device = { name, serviceTypes: ['a'], adapter: { type: 'file', folder: 'f' } };
    expect(taken(`devices: [${JSON.stringify(device)}]`)).toBe(isDeviceName(name));
  },
);

test.each(['a', 'a.b', 'a..b', '.a', 'a.', 'A', 'a-b_c', 'a b', ''])(
  'takes the service type %j as the protocol does',
  (type) => {
    const device = { name: 'a', serviceTypes: [type], adapter: { type: 'file', folder: 'f' } };
    expect(taken(`devices: [${JSON.stringify(device)}]`)).toBe(isServiceType(type));
  },
);

test.each(['a', 'a.b', 'a-', '-a', 'A', 'a..b', 'a_b', ''])(
  'takes the hostname %j as the protocol does',
  (hostname) => {
    expect(taken(`hostname: ${JSON.stringify(hostname)}`)).toBe(isHostname(hostname));
  },
);

function taken(yaml: string): boolean {
  writeFileSync(file, `hub: https://h\ncredentials: c\n${yaml}`);
  try {
    readConfig({ config: file }, ['hub'], {});
    return true;
  } catch {
    return false;
  }
}
