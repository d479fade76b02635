import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { ENDING_WITH_US } from '../src/ending-with-us.ts';

/** Runs until it is ended, and says that it is there. */
const ENDLESS = 'setInterval(() => {}, 60_000); console.log("here");';

const STARTER = `
  require('node:child_process').spawn(process.execPath, ${JSON.stringify([...ENDING_WITH_US, '-e', ENDLESS])}, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });`;

test('a hub or machine of a test ends with whoever started it, killed or not', async () => {
  const starter = spawn(process.execPath, ['-e', STARTER], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = (await once(starter.stdout, 'data')) as [Buffer];
  expect(String(said)).toBe('here\n');
  starter.kill('SIGKILL');
  // Both have the other end of the pipe: it is closed once both are gone.
  await once(starter, 'close');
});
