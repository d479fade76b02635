import type { Screen, Surroundings } from '../surroundings.ts';

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;

export type Colour = keyof typeof CODES;

/** Colours a text, or leaves it alone where colours are not wanted. */
export type Paint = (text: string, colour: Colour | undefined) => string;

/** Colours only on a terminal, and never with NO_COLOR (https://no-color.org) or on a dumb terminal. */
export function paintFor(screen: Screen, env: Surroundings['env']): Paint {
  const wanted = screen.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
  return (text, colour) =>
    wanted && colour !== undefined && text !== '' ? `\u{1B}[${CODES[colour]}m${text}\u{1B}[0m` : text;
}
