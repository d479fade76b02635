import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isQconnError } from '@qconn/protocol';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadHubConfig } from '../../src/config/hub-config.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'qconn-hub-config-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function fileWith(text: string): Promise<string> {
  const file = join(folder, 'hub.yaml');
  await writeFile(file, text, { mode: 0o600 });
  return file;
}

function mistakesOf(load: () => unknown): string {
  try {
    load();
  } catch (error) {
    if (isQconnError(error, 'config_invalid')) return error.message;
    throw error;
  }
  return '';
}

test('nothing given is a complete configuration', () => {
  expect(loadHubConfig({})).toMatchObject({
    dataFolder: './qconn-data',
    database: {},
    listen: { host: '::', quicPort: 7443, httpsPort: 7443, busyPollMicros: 350 },
    hosts: [],
    drainMs: 2_000,
    log: { level: 'info', format: 'auto' },
  });
});

test('the environment wins over the file, and a flag over both', async () => {
  const file = await fileWith(
    'drainMs: 1\nhosts: [from.file]\nlisten: { quicPort: 1001, httpsPort: 1001, host: 127.0.0.1 }\n',
  );
  const environment = {
    QCONN_HUB_LISTEN_QUIC_PORT: '1002',
    QCONN_HUB_LISTEN_HTTPS_PORT: '1002',
    QCONN_HUB_HOSTS: 'a,b',
  };
  const flags = { '--quic-port': { path: 'listen.quicPort', value: '1003' } };
  expect(loadHubConfig({ file, environment, flags })).toMatchObject({
    drainMs: 1,
    hosts: ['a', 'b'],
    listen: { host: '127.0.0.1', httpsPort: 1002, quicPort: 1003, busyPollMicros: 350 },
  });
});

test('DATABASE_URL names the database, and its password is never shown', () => {
  expect(loadHubConfig({ environment: { DATABASE_URL: 'postgres://u:p@h/d' } }).database.url).toBe(
    'postgres://u:p@h/d',
  );
  const mistakes = mistakesOf(() => loadHubConfig({ environment: { DATABASE_URL: 'mysql://u:hunter2@h/d' } }));
  expect(mistakes).toContain('DATABASE_URL');
  expect(mistakes).not.toContain('hunter2');
});

const mistakes: [what: string, text: string, path: string][] = [
  ['a setting that does not exist', 'listen: { quikPort: 1 }', 'listen.quikPort'],
  ['text for a port', 'listen: { quicPort: many }', 'listen.quicPort'],
  ['a port that is none', 'listen: { httpsPort: 65536 }', 'listen.httpsPort'],
  ['a fraction of a millisecond', 'drainMs: 1.5', 'drainMs'],
  ['a certificate of a second', 'certificates: { machineValidityMs: 1000 }', 'certificates.machineValidityMs'],
  ['a certificate of a year', 'certificates: { machineValidityMs: 31536000000 }', 'certificates.machineValidityMs'],
  ['an address without a port', 'advertise: [hub.example]', 'advertise[0]'],
  ['an IPv6 address without brackets', 'advertise: ["::1:7443"]', 'advertise[0]'],
  ['no exchanges at all', 'limits: { exchangesInFlight: 0 }', 'limits.exchangesInFlight'],
  ['a level that is none', 'log: { level: loud }', 'log.level'],
  ['a database of another kind', 'database: { url: "mysql://h/d" }', 'database.url'],
  ['the same host twice', 'hosts: [a, a]', 'hosts'],
];

describe('mistakes', () => {
  test.each(mistakes)('%s is told with its path', async (_, text, path) => {
    const file = await fileWith(text);
    expect(mistakesOf(() => loadHubConfig({ file }))).toContain(path);
  });

  test('of every source are told at once', async () => {
    const file = await fileWith('drainMs: -1\nlog: { level: loud }\n');
    const environment = { QCONN_HUB_LISTEN_QUIC_PORT: 'many', QCONN_HUB_LISTEN_QUIK_PORT: '1' };
    const flags = { '--https-port': { path: 'listen.httpsPort', value: 'x' } };
    const told = mistakesOf(() => loadHubConfig({ file, environment, flags }));
    for (const part of [
      'drainMs',
      'log.level',
      'QCONN_HUB_LISTEN_QUIC_PORT',
      'QCONN_HUB_LISTEN_QUIK_PORT',
      '--https-port',
    ])
      expect(told).toContain(part);
  });
});
