import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { PassThrough } from 'node:stream';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { ERROR_TABLE } from '@qconn/protocol';
import { program } from '../src/program.ts';
import { Invocation } from '../src/invocation.ts';
import { runQconn } from './command-line.ts';

test('help tells a stranger where to begin, and what the exit codes mean', async () => {
  const { code, out } = await runQconn(['--help']);
  expect(code).toBe(0);
  for (const text of ['qconn login https://hub.example:7443', 'Exit codes:', 'QCONN_PROFILE', 'Machines:'])
    expect(out).toContain(text);
  expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
});

test.each([
  [['frobnicate'], 'unknown command'],
  [['machnes'], 'Did you mean machines'],
  [['machines', '--status', 'sleeping'], 'pending, authorized, revoked'],
  [['machines', '--limit', '0'], 'whole number'],
  [['approve'], 'machine'],
  [['token', 'create', '--ttl', 'soon'], '24h'],
  [['send', 'P!', 'x'], 'SERVICE-TYPE'],
  [['send', 'print', '--header', 'x'], 'key=value'],
  [['role', 'put', 'x', '--towards', 'label:a=b'], 'before it'],
  [['role', 'put', 'x'], 'one way'],
])('%j is not understood: exit code 2, and why', async (argv, why) => {
  const { code, out, err } = await runQconn(argv, { env: { XDG_CONFIG_HOME: '/nowhere' } });
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain(why);
});

test('a secret where none belongs is not shown', async () => {
  const { code, err } = await runQconn([`qk_${'a'.repeat(40)}`]);
  expect(code).toBe(2);
  expect(err).toContain('qk_[hidden]');
  expect(err).not.toContain('aaaa');
});

test('without a profile it says to log in', async () => {
  const { code, err } = await runQconn(['machines'], { env: { XDG_CONFIG_HOME: '/nowhere' } });
  expect(code).toBe(1);
  expect(err).toContain('qconn login');
});

test.each(['http://hub.example', 'https://hub.example/x', 'https://a@hub.example', 'https://'])(
  '%s is no hub address',
  async (url) => {
    expect((await runQconn(['login', url, 'qk_x'])).code).toBe(2);
  },
);

test('the commands that error messages name exist', () => {
  const surroundings = {
    stdout: { write: () => true },
    stderr: { write: () => true },
    stdin: new PassThrough(),
    env: {},
    now: Date.now,
    onInterrupt: () => () => undefined,
  };
  const root = program(new Invocation(surroundings));
  const named = Object.values(ERROR_TABLE).flatMap(({ action }) =>
    [...action.matchAll(/`qconn ([a-z ]+)/g)].map(([, words = '']) => words.trim()),
  );
  expect(named.length).toBeGreaterThan(3);
  for (const words of named) expect(find(root, words.split(' ')), words).toBeDefined();
});

function find(command: Command, [name, ...rest]: string[]): Command | undefined {
  if (name === undefined) return command;
  const next = command.commands.find((one) => one.name() === name);
  return next === undefined ? undefined : find(next, rest);
}

test('as a process: the exit code is the shell’s, and a reader that has seen enough is no failure', () => {
  const main = resolve(import.meta.dirname, '../src/main.ts');
  const line = `"$0" --conditions=@qconn/source "${main}"`;
  const script = `${line} frobnicate 2>/dev/null; echo $?; ${line} completion fish | true; echo \${PIPESTATUS[0]}`;
  expect(spawnSync('bash', ['-c', script, process.execPath], { encoding: 'utf8' })).toMatchObject({
    stdout: '2\n0\n',
    stderr: '',
  });
});
