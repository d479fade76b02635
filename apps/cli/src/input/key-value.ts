import { InvalidArgumentError } from 'commander';

/** Gathers an option such as `--label site=oslo` that may be given several times. @throws InvalidArgumentError */
export function gatherKeyValue(text: string, gathered: Readonly<Record<string, string>> = {}): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Write key=value.');
  const key = text.slice(0, at);
  if (Object.hasOwn(gathered, key)) throw new InvalidArgumentError(`${key} is given twice.`);
  return { ...gathered, [key]: text.slice(at + 1) };
}

/** `site=oslo, floor=2`; nothing for none. */
export function keyValuesText(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ');
}
