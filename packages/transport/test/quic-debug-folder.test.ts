import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '@qconn/clock';
import { createQuicEndpoint, type TransportWarning, type Endpoint } from '@qconn/transport';
import { afterEach, expect, test } from 'vitest';
import { createAuthority } from './pki.ts';
import { echo, readBytes } from './waiting.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'qconn-debug-'));
const open: Endpoint[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((endpoint) => endpoint.close()));
  rmSync(folder, { recursive: true, force: true });
});

/** An echo between two endpoints, and what they warned of. */
async function echoOnce(insecureDebugFolder?: string): Promise<string[]> {
  const authority = await createAuthority();
  const warnings: string[] = [];
  const onWarning = (message: string, about: TransportWarning): void => {
    if (about === 'insecure_debug') warnings.push(message);
  };
  const dependencies = { clock: systemClock, onWarning };
  const debug = insecureDebugFolder === undefined ? {} : { insecureDebugFolder };
  const tls = await authority.issue({ ips: ['127.0.0.1'] });
  const handlers = { 'qconn/1': echo };
  const server = await createQuicEndpoint(dependencies, { host: '127.0.0.1', tls, handlers, ...debug });
  const client = await createQuicEndpoint(dependencies, debug);
  open.push(client, server);
  const target = { address: server.address, serverName: '127.0.0.1', alpns: ['qconn/1'] };
  const connection = await client.connect({ ...target, tls: await authority.issue() });
  const stream = connection.openStream();
  stream.write(Buffer.from('hello'));
  await readBytes(stream, 5);
  await client.close();
  await server.close();
  return warnings;
}

interface TraceRecord {
  readonly qlog_format?: string;
  readonly trace?: { readonly vantage_point: { readonly type: string } };
  readonly time?: number;
  readonly name?: string;
  readonly data?: Record<string, unknown>;
}

function recordsOf(name: string): TraceRecord[] {
  const texts = readFileSync(path.join(folder, name), 'utf8').split('\u001E').slice(1);
  return texts.map((text) => JSON.parse(text) as TraceRecord);
}

test('the secrets of each connection are written for their owner only, and everybody is warned', async () => {
  const target = path.join(folder, 'made');
  const warnings = await echoOnce(target);
  expect(warnings).toHaveLength(2);
  expect(warnings[0]).toContain(target);
  expect(statSync(target).mode & 0o777).toBe(0o700);
  const files = readdirSync(target);
  expect(files.map((name) => name.replace(/-\w+\./, '.')).toSorted()).toEqual([
    'client.keys',
    'client.sqlog',
    'server.keys',
    'server.sqlog',
  ]);
  for (const name of files) expect(statSync(path.join(target, name)).mode & 0o777, name).toBe(0o600);
  const secretOf = (role: string): string | undefined => {
    const keys = readFileSync(
      path.join(target, files.find((name) => name.startsWith(role) && name.endsWith('.keys')) ?? ''),
    );
    return /^CLIENT_TRAFFIC_SECRET_0 \w{64} (\w{64})$/m.exec(keys.toString())?.[1];
  };
  expect(secretOf('client')).toMatch(/\w{64}/);
  expect(secretOf('client')).toBe(secretOf('server'));
});

test('the trace of a connection tells of its handshake, its datagrams and its end', async () => {
  await echoOnce(folder);
  const name = readdirSync(folder).find((each) => each.startsWith('client') && each.endsWith('.sqlog')) ?? '';
  const [header, ...events] = recordsOf(name);
  expect(header).toMatchObject({ qlog_format: 'JSON-SEQ', trace: { vantage_point: { type: 'client' } } });
  const names = events.map((event) => event.name);
  expect(names[0]).toBe('connectivity:connection_started');
  expect(names).toContain('transport:datagrams_sent');
  expect(names).toContain('transport:datagrams_received');
  expect(names).toContain('recovery:metrics_updated');
  expect(events.find((event) => event.name === 'transport:alpn_information')?.data).toEqual({ chosen_alpn: 'qconn/1' });
  expect(events.findLast((event) => event.name === 'connectivity:connection_closed')?.data).toMatchObject({
    by: 'local',
  });
  const times = events.map(({ time = Number.NaN }) => time);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
});

test('without the option nothing is written, whatever the environment says, and nobody is warned', async () => {
  process.env['SSLKEYLOGFILE'] = path.join(folder, 'keys');
  try {
    expect(await echoOnce()).toEqual([]);
  } finally {
    delete process.env['SSLKEYLOGFILE'];
  }
  expect(readdirSync(tmpdir()).filter((name) => name === path.basename(folder))).toEqual([]);
});

test('a folder that cannot be made is told at once', async () => {
  const file = path.join(tmpdir(), `${path.basename(folder)}-file`);
  writeFileSync(file, '');
  try {
    await expect(
      createQuicEndpoint(
        { clock: systemClock, onWarning: () => undefined },
        { insecureDebugFolder: path.join(file, 'x') },
      ),
    ).rejects.toMatchObject({ code: 'tls_config' });
  } finally {
    rmSync(file);
  }
});
