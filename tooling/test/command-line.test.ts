import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readCommandLine } from '../command-line/command-line.ts';
import { findBenches } from '../bench/benches.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

const TOOL = {
  name: 'bench example',
  about: 'Measures an example.',
  options: {
    runs: { number: 50, about: 'how often' },
    pause: { number: 5, least: 0, about: 'between two' },
    seed: { number: undefined, about: 'the same repeats a run' },
    bodies: { numbers: [256, 16_384], about: 'bytes of a request' },
    only: { some: ['relay', 'fleet'], about: 'these parts' },
    agent: { text: 'PROGRAM', about: 'this one' },
    'without-nats': { flag: false, about: 'not beside nats-server' },
  },
} as const;

const DEFAULTS = {
  runs: 50,
  pause: 5,
  seed: undefined,
  bodies: [256, 16_384],
  only: new Set(['relay', 'fleet']),
  agent: undefined,
  'without-nats': false,
};

describe('the command line of a tool', () => {
  test.each([
    ['nothing', [], {}],
    ['only the -- that pnpm hands on', ['--'], {}],
    ['a number', ['--runs', '7'], { runs: 7 }],
    ['a number that may be 0', ['--pause=0'], { pause: 0 }],
    ['a number without a default', ['--', '--seed', '3'], { seed: 3 }],
    ['numbers', ['--bodies', '1,2'], { bodies: [1, 2] }],
    ['some of what there is', ['--only', 'fleet'], { only: new Set(['fleet']) }],
    ['a text', ['--agent', './a'], { agent: './a' }],
    ['a flag', ['--without-nats'], { 'without-nats': true }],
  ])('reads %s', (_, args, values) => {
    expect(readCommandLine(TOOL, args)).toEqual({ values: { ...DEFAULTS, ...values } });
  });

  test.each([
    ['an option that there is not', ['--wrong'], "Unknown option '--wrong'"],
    ['an argument', ['wrong'], "Unexpected argument 'wrong'"],
    ['an option without its value', ['--runs'], "Option '--runs <value>' argument missing"],
    ['no number', ['--runs', 'many'], '--runs takes a number from 1 on, not “many”'],
    ['an empty number', ['--seed='], '--seed takes a number from 1 on, not “”'],
    ['too small a number', ['--runs', '0'], '--runs takes a number from 1 on, not “0”'],
    ['no number among numbers', ['--bodies', '1,x'], '--bodies takes a number from 1 on, not “x”'],
    ['a part that there is not', ['--only', 'relay,all'], '--only takes some of relay, fleet, not “all”'],
  ])('ends with 2 and says what is wrong with %s', (_, args, words) => {
    expect(readCommandLine(TOOL, args)).toEqual({
      say: expect.stringMatching(new RegExp(`^${words}.*\n\\(--help says what there is\\)\n$`)) as string,
      code: 2,
    });
  });

  test('shows all options and their defaults for --help, whatever else is said', () => {
    expect(readCommandLine(TOOL, ['--wrong', '--help'])).toEqual({
      say: `Usage: npx -y pnpm@12 bench example [options]

Measures an example.

  --runs N         how often (default 50)
  --pause N        between two (default 5)
  --seed N         the same repeats a run
  --bodies N,N     bytes of a request (default 256,16384)
  --only A,B       these parts: some of relay, fleet
  --agent PROGRAM  this one
  --without-nats   not beside nats-server
  --help           show this
`,
      code: 0,
    });
  });
});

/** The scripts of the repository's own tools, by what is typed for them; programs and the demo have command lines of their own. */
const TOOLS: readonly (readonly [name: string, file: string])[] = [
  ...Object.entries(JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')).scripts as Record<string, string>)
    .map(([name, script]) => [name, / (\S+\.ts)$/.exec(script)?.[1] ?? ''] as const)
    .filter(([name, file]) => file !== '' && !/^(qconn.*|demo|hello|bench)$/.test(name))
    .map(([name, file]) => [name, path.join(ROOT, file)] as const),
  ...[...findBenches(ROOT)].map(([name, file]) => [`bench ${name}`, file] as const),
];

test.each(TOOLS)('%s reads its command line as all tools do, by its own name', (name, file) => {
  const source = readFileSync(file, 'utf8');
  expect(source).toContain(`commandLine({\n  name: '${name}',`);
  expect(source).not.toMatch(/process\.argv\.slice|parseArgs/);
});
