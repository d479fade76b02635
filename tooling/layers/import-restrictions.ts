import { packageName } from './table.ts';

interface Restriction {
  readonly regex: string;
  readonly message: string;
}

const PAST_EXPORTS: readonly Restriction[] = [
  {
    regex: '^@qconn/[^/]+/',
    message: 'A package is imported by its name alone: its `exports` are its public surface.',
  },
  {
    regex: String.raw`^(\.\./)+((packages|apps)/)?[a-z-]+/(src|test|bench|dist)/`,
    message: 'Another package is imported by its name, not by a path into it.',
  },
];

/** Patterns for `no-restricted-imports`: in every file, and more under the `src/` of a given layer. */
export function importRestrictions(layer?: string): Restriction[] {
  if (layer === undefined) return [...PAST_EXPORTS];
  return [
    ...PAST_EXPORTS,
    {
      regex: String.raw`^\.{1,2}/(.*/)?index\.ts$`,
      message: 'Inside a package, import from the file that defines the thing.',
    },
    { regex: `^${packageName(layer)}$`, message: 'A package does not import itself: import the defining file.' },
  ];
}
