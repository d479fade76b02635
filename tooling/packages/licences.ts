import { run } from './run.ts';

/** Licences that a program under Apache-2.0 may ship with, without asking anybody. */
const ALLOWED: ReadonlySet<string> = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'PostgreSQL',
  'Python-2.0',
  'Unlicense',
  'Zlib',
]);

/** The production dependencies, also those of dependencies, whose licence is none of the allowed ones. */
export async function licences(root: string): Promise<string[]> {
  const { ok, output } = await run('pnpm', ['--recursive', 'licenses', 'list', '--prod', '--json'], root);
  const begin = output.indexOf('{');
  if (!ok || begin === -1) return [output];
  const byLicence = JSON.parse(output.slice(begin)) as Record<string, { name: string }[]>;
  return Object.entries(byLicence)
    .filter(([licence]) => !isAllowed(licence))
    .map(([licence, packages]) => `${licence}: ${packages.map(({ name }) => name).join(', ')}`);
}

/** An SPDX expression without nesting: each part of an AND has to be allowed, and one part of an OR. */
export function isAllowed(expression: string): boolean {
  const bare = expression.replaceAll(/[()]/g, '');
  return bare.split(' AND ').every((part) => part.split(' OR ').some((licence) => ALLOWED.has(licence.trim())));
}
