import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Site } from '../src/site.ts';

const README = new URL('../../packages/client/README.md', import.meta.url);
/** Beside this package's own sources, so that Node resolves what it imports. */
const PROGRAM = fileURLToPath(new URL('../.client-readme.ts', import.meta.url));

/** From here on the example does without a hub, as tooling/test/readme-examples.test.ts runs it. */
const WITHOUT_A_HUB = '// Without a hub';

/** Calls every function of the example. */
const CALLS = `
const [hub = '', token = '', file = ''] = process.argv.slice(2);
await printOne(hub, token);
const client = await connect({ credentials: './credential', agent: 'example/1' });
await client.connected({ phase: 'online' });
await provideUpperCase(client);
await client.provide({ device: 'codec', serviceTypes: ['video.convert'] }, (job) => {
  job.progress({ percent: 40 });
  return job.stream.toWeb();
});
const pieces: Uint8Array[] = [];
await convert(client, file, new WritableStream({ write: (piece) => void pieces.push(piece) }));
console.log('converted', Buffer.concat(pieces).equals(Buffer.from(await (await openAsBlob(file)).arrayBuffer())));
const reply = await client.request('text.upper', 'one label');
console.log(reply.headers['content-type'], Buffer.from(await reply.stream.bytes()).toString());
await client.close();
`;

let site: Site;

beforeAll(async () => {
  site = await Site.open();
});

afterAll(async () => {
  await rm(PROGRAM, { force: true });
  await site.close();
});

test('the functions of the client’s README do at a hub what they say', async () => {
  const [, example = ''] = /^```ts\n(.*?)^```$/ms.exec(await readFile(README, 'utf8')) ?? [];
  expect(example).toContain(WITHOUT_A_HUB);
  await writeFile(PROGRAM, example.slice(0, example.indexOf(WITHOUT_A_HUB)) + CALLS);
  const grants = ['provide', 'submit'].map((verb) => ({ effect: 'allow', verb, serviceTypes: ['*'] }));
  await site.api.call('PUT', '/v1/roles/all', { grants }, { 'if-none-match': '*' });
  const token = await site.token({ hostname: 'printer-pc', roles: ['all'], autoApprove: true });
  const file = join(site.folder, 'film');
  await writeFile(
    file,
    new Uint8Array(300_000).map((_, index) => index % 251),
  );

  const args = ['--conditions=@qconn/source', PROGRAM, site.hubUrl, token, file];
  const child = spawn(process.execPath, args, { cwd: site.folder, stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = await Promise.all([text(child.stdout), once(child, 'close')]);
  expect(child.exitCode).toBe(0);
  const lines = said.trimEnd().split('\n');
  expect(lines[0]).toMatch(/^Give \S+ to an administrator\.$/);
  const stages = ['accepted', 'resolved', 'forwarded', 'acknowledged', 'completed'];
  expect(lines.slice(1, 6).map((line) => line.replace(/ .*/, ''))).toEqual(stages);
  expect(lines.slice(6)).toEqual(['printed 6 bytes', '{ percent: 40 }', 'converted true', 'text/plain ONE LABEL']);
});
