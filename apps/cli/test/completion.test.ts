import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { runQconn } from './command-line.ts';

/** What bash would offer after these words, the last of which is being typed. */
async function offered(...words: string[]): Promise<string[]> {
  const { out } = await runQconn(['completion', 'bash']);
  const script = `${out}\nCOMP_WORDS=(qconn ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}; _qconn; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout.split('\n').filter((line) => line !== '');
}

test('bash offers commands, subcommands and options where they belong', async () => {
  expect(await offered('ma')).toEqual(['machines', 'machine']);
  expect(await offered('token', '')).toEqual(expect.arrayContaining(['create', 'list', 'revoke', '--json']));
  expect(await offered('--json', 'token', 'create', '--au')).toEqual(['--auto-approve']);
  expect(await offered('approve', 'create', '--re')).toEqual(['--replace']);
});

test('zsh and fish get scripts of their own', async () => {
  expect((await runQconn(['completion', 'zsh'])).out).toContain('bashcompinit');
  const { out } = await runQconn(['completion', 'fish']);
  expect(out).toContain("complete -c qconn -f -n 'not __fish_seen_subcommand_from login");
  expect(out).toContain("__fish_seen_subcommand_from token; and __fish_seen_subcommand_from create' -l auto-approve");
  expect((await runQconn(['completion', 'cmd'])).code).toBe(2);
});
