import type { Scalar, Setting } from './settings.ts';

/**
 * Turns text into what a setting wants: `8443`, `true`, `a,b`. Text that cannot be turned stays text, and the
 * schema then says what was wanted.
 */
export function convert(text: string, setting: Setting): unknown {
  if (!setting.list) return scalar(text, setting.scalar);
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => scalar(part, setting.scalar));
}

function scalar(text: string, wanted: Scalar): unknown {
  if (wanted === 'number' && /^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (wanted === 'boolean' && (text === 'true' || text === '1')) return true;
  if (wanted === 'boolean' && (text === 'false' || text === '0')) return false;
  return text;
}
