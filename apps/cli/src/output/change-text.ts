import type { Grant } from '../api/views.ts';
import { grantInWords } from '../grants/grant-text.ts';
import { keyValuesText } from '../input/key-value.ts';

/** What differs between two objects, `status: pending → authorized`; of one that is new or gone, what it says. */
export function changeText(before: unknown, after: unknown): string {
  if (isObject(before) && isObject(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    const changed = keys.filter((key) => compact(before[key]) !== compact(after[key]));
    return changed.map((key) => `${key}: ${compact(before[key])} → ${compact(after[key])}`).join('; ');
  }
  return [before, after]
    .map(wholeText)
    .filter((text) => text !== '')
    .join(' → ');
}

/** What an object says; a field that says nothing is left out, and so is the time, which has a column. */
function wholeText(value: unknown): string {
  if (!isObject(value)) return value === null || value === undefined ? '' : compact(value);
  const telling = Object.entries(value).filter(
    ([key, field]) => !key.endsWith('At') && !['none', 'false'].includes(compact(field)),
  );
  return telling.map(([key, field]) => `${key}: ${compact(field)}`).join('; ');
}

function compact(value: unknown): string {
  if (value === undefined || value === null) return 'none';
  if (Array.isArray(value)) return value.map(compact).join(', ') || 'none';
  if (isGrant(value)) return grantInWords(value);
  if (isObject(value) && isTexts(value)) return keyValuesText(value) || 'none';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTexts(value: Record<string, unknown>): value is Record<string, string> {
  return Object.values(value).every((field) => typeof field === 'string');
}

function isGrant(value: unknown): value is Grant {
  return isObject(value) && 'effect' in value && 'verb' in value && Array.isArray(value['serviceTypes']);
}
