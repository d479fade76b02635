import { readOptions, shown, type Options, type Values } from './options.ts';

/** What a tool is: the words after `npx -y pnpm@12`, what it does in a sentence or two, and what may be said to it. */
export interface Tool<O extends Options> {
  readonly name: string;
  readonly about: string;
  readonly options: O;
}

/** What arguments come to: values to go on with, or words and the exit code to end with. */
type Reading<O extends Options> = { readonly values: Values<O> } | { readonly say: string; readonly code: 0 | 2 };

/**
 * What this process was started with. `--help` prints the usage and ends it with exit code 0; what is not understood is
 * told on stderr and ends it with 2. To be called before anything is started.
 */
export function commandLine<const O extends Options>(tool: Tool<O>): Values<O> {
  const reading = readCommandLine(tool, process.argv.slice(2));
  if ('values' in reading) return reading.values;
  (reading.code === 0 ? process.stdout : process.stderr).write(reading.say);
  return process.exit(reading.code);
}

/** @internal */
export function readCommandLine<const O extends Options>(tool: Tool<O>, args: readonly string[]): Reading<O> {
  if (args.includes('--help') || args.includes('-h')) return { say: usage(tool), code: 0 };
  try {
    return { values: readOptions(args, tool.options) };
  } catch (error) {
    return { say: `${(error as Error).message}\n(--help says what there is)\n`, code: 2 };
  }
}

function usage({ name, about, options }: Tool<Options>): string {
  const lines = [...Object.entries(options).map(([each, option]) => shown(each, option)), ['--help', 'show this']];
  const width = Math.max(...lines.map(([form = '']) => form.length));
  return `Usage: npx -y pnpm@12 ${name} [options]

${about}

${lines.map(([form = '', what = '']) => `  ${form.padEnd(width)}  ${what}`).join('\n')}
`;
}
