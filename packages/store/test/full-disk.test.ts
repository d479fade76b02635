import { fileURLToPath } from 'node:url';
import { runOnSmallDisk } from '@qconn/testkit';
import { expect, test } from 'vitest';

const PROGRAM = fileURLToPath(new URL('programs/full-disk.ts', import.meta.url));

test('a full disk, which the embedded database tells of by a number, is told in words', async () => {
  const { how, result } = await runOnSmallDisk(PROGRAM);
  // Where no small disk can be made, nothing is full.
  expect(result).toMatch(how === 'tmpfs' ? /^database_unavailable: .*no space/ : /^opened$/);
});
