import { mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { agentControl, type ControlParts } from '../src/control/agent-control.ts';
import { askAgent, commandAgent, running } from '../src/control/ask-agent.ts';
import { ControlServer } from '../src/control/control-server.ts';
import { LogTail } from '../src/control/log-tail.ts';

let folder: string;
let socket: string;
let log: LogTail;
let server: ControlServer;

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'qconn-logs-'));
  socket = path.join(folder, 'agent.sock');
  log = new LogTail(new PassThrough().resume());
  const routes = agentControl({ log } as ControlParts);
  server = await ControlServer.listen(socket, () => routes);
});

afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

async function ask(query: string): Promise<AsyncIterableIterator<string>> {
  const answer = running(await askAgent(socket, `GET /logs?${query}`));
  answer.setEncoding('utf8');
  return answer[Symbol.asyncIterator]() as AsyncIterableIterator<string>;
}

async function whole(query: string): Promise<string> {
  let text = '';
  for await (const piece of await ask(query)) text += piece;
  return text;
}

test('the last lines of the log are told, as many as are asked for', async () => {
  for (const line of ['one', 'two', 'three']) log.write(`${line}\n`);
  expect(await whole('')).toBe('one\ntwo\nthree\n');
  expect(await whole('lines=2')).toBe('two\nthree\n');
  expect(await whole('lines=0')).toBe('');
  await expect(commandAgent(socket, 'GET /logs?lines=-1')).rejects.toMatchObject({ code: 'invalid_request' });
});

test('who follows hears each line as it is written, and is forgotten when he leaves', async () => {
  for (const line of ['one', 'two']) log.write(`${line}\n`);
  const lines = await ask('follow=true&lines=1');
  expect((await lines.next()).value).toBe('two\n');
  for (const line of ['three', 'four']) {
    log.write(`${line}\n`);
    expect((await lines.next()).value).toBe(`${line}\n`);
  }
  await lines.return?.();
  // The next asker finds the agent as well as ever.
  log.write('five\n');
  expect(await whole('lines=1')).toBe('five\n');
});

test('who follows and does not read is left, and holds up neither the log nor others', async () => {
  const sleeper = connect(socket);
  sleeper.write('GET /logs?follow=true HTTP/1.1\r\nhost: agent\r\n\r\n');
  await once(sleeper, 'readable');
  const left = once(sleeper, 'close');
  const line = `${'x'.repeat(64 * 1024)}\n`;
  // What the system holds for a socket, and the megabyte that the agent holds.
  for (let n = 0; n < 64; n++) log.write(line);
  sleeper.resume();
  await left;
  expect((await whole('lines=1')).length).toBe(line.length);
});
