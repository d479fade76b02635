import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

test('a secret where none belongs is not shown', () => {
  const { status, stderr } = spawnSync(process.execPath, ['--conditions=@qconn/source', MAIN, `qb1${'a'.repeat(60)}`], {
    encoding: 'utf8',
  });
  expect(status).toBe(2);
  expect(stderr).toContain('qb1[hidden]');
  expect(stderr).not.toContain('aaaa');
});
