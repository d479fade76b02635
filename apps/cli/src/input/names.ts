import { InvalidArgumentError } from 'commander';

/** Reads `a,b` into a list without repetitions; `none` is the empty list. @throws InvalidArgumentError */
export function parseNames(text: string): string[] {
  if (text === 'none') return [];
  const names = text.split(',').map((name) => name.trim());
  if (names.some((name) => name === ''))
    throw new InvalidArgumentError('Write names with commas between them, or none.');
  return [...new Set(names)];
}

/** Reads a whole number of at least 1. @throws InvalidArgumentError */
export function parseCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(count) || count < 1)
    throw new InvalidArgumentError('Write a whole number of at least 1.');
  return count;
}
