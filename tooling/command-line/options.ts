import { parseArgs } from 'node:util';

/** What may be said to a tool, by the option's name; the value is its default, and `about` what `--help` says of it. */
export type Options = Readonly<Record<string, Option>>;

type Option = { readonly about: string } & (
  | { readonly number: number | undefined; readonly least?: number }
  /** Numbers with commas between them. */
  | { readonly numbers: readonly number[] }
  /** Some of these, with commas between them; all, unless said. */
  | { readonly some: readonly string[] }
  /** Any text; this word stands for it in the usage. */
  | { readonly text: string }
  | { readonly flag: false }
);

type Value<O> = O extends { number: infer N }
  ? number | Extract<N, undefined>
  : O extends { numbers: unknown }
    ? readonly number[]
    : O extends { some: unknown }
      ? ReadonlySet<string>
      : O extends { text: unknown }
        ? string | undefined
        : boolean;

export type Values<O extends Options> = { readonly [Name in keyof O]: Value<O[Name]> };

/** Reads arguments. @throws Error in words for whoever typed them */
export function readOptions<const O extends Options>(args: readonly string[], options: O): Values<O> {
  const { values } = parseArgs({
    // pnpm hands a leading `--` on.
    args: args.filter((arg, index) => index > 0 || arg !== '--'),
    options: Object.fromEntries(
      Object.entries(options).map(([name, option]) => [name, { type: 'flag' in option ? 'boolean' : 'string' }]),
    ),
  });
  const read = Object.entries(options).map(([name, option]) => [name, valueOf(name, option, values[name])]);
  return Object.fromEntries(read) as Values<O>;
}

function valueOf(name: string, option: Option, said: string | boolean | undefined): unknown {
  if (typeof said === 'boolean' || 'flag' in option) return said === true;
  if ('text' in option) return said;
  const parts = said === undefined ? undefined : said.split(',');
  if ('some' in option) return new Set(parts?.map((part) => oneOf(name, option.some, part)) ?? option.some);
  if ('numbers' in option) return parts?.map((part) => numberOf(name, part, 1)) ?? option.numbers;
  return said === undefined ? option.number : numberOf(name, said, option.least ?? 1);
}

function oneOf(name: string, choices: readonly string[], said: string): string {
  if (!choices.includes(said)) throw new Error(`--${name} takes some of ${choices.join(', ')}, not “${said}”`);
  return said;
}

function numberOf(name: string, said: string, least: number): number {
  const number = said.trim() === '' ? Number.NaN : Number(said);
  if (!(number >= least && number <= Number.MAX_SAFE_INTEGER))
    throw new Error(`--${name} takes a number from ${least} on, not “${said}”`);
  return number;
}

/** An option as the usage shows it, with what it is about. */
export function shown(name: string, option: Option): readonly [form: string, about: string] {
  if ('flag' in option) return [`--${name}`, option.about];
  if ('text' in option) return [`--${name} ${option.text}`, option.about];
  if ('some' in option) return [`--${name} A,B`, `${option.about}: some of ${option.some.join(', ')}`];
  if ('numbers' in option) return [`--${name} N,N`, `${option.about} (default ${option.numbers.join(',')})`];
  return [`--${name} N`, option.about + (option.number === undefined ? '' : ` (default ${option.number})`)];
}
