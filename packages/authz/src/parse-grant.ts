import { isServiceTypePattern } from '@qconn/protocol';
import { LABEL_PART_MAX_BYTES, PATTERNS_PER_GRANT_MAX, SELECTOR_HOSTNAMES_MAX, SELECTOR_LABELS_MAX } from './limits.ts';
import { type Mistakes, quoted } from './mistakes.ts';
import { type Effect, type Grant, type Selector, type Verb, VERBS } from './role.ts';
import { isRecord, listOf, refuseUnknownKeys } from './shape.ts';

const LABEL_KEY = /^[a-z0-9]([a-z0-9._/-]*[a-z0-9])?$/;
const LABEL_VALUE = /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/;
const HOSTNAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9.-]*\*?$/;

/** Reads one grant. What it returns is a grant only if no mistake was added. */
export function parseGrant(value: unknown, path: string, mistakes: Mistakes): Grant {
  if (!isRecord(value)) {
    mistakes.add(path, 'must be an object with effect, verb and serviceTypes');
    return { effect: 'deny', verb: 'query', serviceTypes: [] };
  }
  refuseUnknownKeys(value, ['effect', 'verb', 'serviceTypes', 'selector'], path, mistakes);
  const { effect, verb, selector } = value;
  if (effect !== 'allow' && effect !== 'deny') mistakes.add(`${path}.effect`, 'must be allow or deny');
  if (!VERBS.includes(verb as Verb)) mistakes.add(`${path}.verb`, `must be one of ${VERBS.join(', ')}`);
  const serviceTypes = parsePatterns(value['serviceTypes'], `${path}.serviceTypes`, mistakes);
  if (verb === 'admin' && selector !== undefined)
    mistakes.add(`${path}.selector`, 'limits nothing: an admin grant is for the whole hub; leave the selector out');
  const grant: Grant = { effect: effect as Effect, verb: verb as Verb, serviceTypes };
  return selector === undefined ? grant : { ...grant, selector: parseSelector(selector, `${path}.selector`, mistakes) };
}

function parsePatterns(value: unknown, path: string, mistakes: Mistakes): string[] {
  const patterns = listOf(value, path, PATTERNS_PER_GRANT_MAX, mistakes);
  if (Array.isArray(value) && value.length === 0) mistakes.add(path, 'must name at least one service type');
  patterns.forEach((pattern, index) => {
    if (typeof pattern === 'string' && isServiceTypePattern(pattern)) return;
    mistakes.add(
      `${path}[${index}]`,
      `${quoted(pattern)} is not a pattern: write a service type (print.label), one ending in .* (print.*), or *`,
    );
  });
  return patterns as string[];
}

function parseSelector(value: unknown, path: string, mistakes: Mistakes): Selector {
  if (!isRecord(value)) {
    mistakes.add(path, 'must be an object with labels, hostnames or both');
    return {};
  }
  refuseUnknownKeys(value, ['labels', 'hostnames'], path, mistakes);
  const selector: { labels?: Record<string, string>; hostnames?: string[] } = {};
  if (value['labels'] !== undefined) selector.labels = parseLabels(value['labels'], `${path}.labels`, mistakes);
  if (value['hostnames'] !== undefined) {
    selector.hostnames = parseHostnames(value['hostnames'], `${path}.hostnames`, mistakes);
  }
  if (Object.keys(value).length === 0) mistakes.add(path, 'has no condition: leave the selector out instead');
  return selector;
}

function parseLabels(value: unknown, path: string, mistakes: Mistakes): Record<string, string> {
  if (!isRecord(value)) {
    mistakes.add(path, 'must be an object of key: value');
    return {};
  }
  const labels = Object.entries(value);
  if (labels.length === 0) mistakes.add(path, 'must name at least one label');
  if (labels.length > SELECTOR_LABELS_MAX) mistakes.add(path, `has more than ${SELECTOR_LABELS_MAX} labels`);
  for (const [key, text] of labels.slice(0, SELECTOR_LABELS_MAX)) {
    if (!isLabelKey(key)) mistakes.add(path, `${quoted(key)} is not a label key`);
    if (typeof text !== 'string' || !isLabelValue(text))
      mistakes.add(`${path}.${key.slice(0, 64)}`, `${quoted(text)} is not a label value`);
  }
  return Object.fromEntries(labels) as Record<string, string>;
}

function parseHostnames(value: unknown, path: string, mistakes: Mistakes): string[] {
  const hostnames = listOf(value, path, SELECTOR_HOSTNAMES_MAX, mistakes);
  if (Array.isArray(value) && value.length === 0) mistakes.add(path, 'must name at least one hostname');
  hostnames.forEach((hostname, index) => {
    if (typeof hostname === 'string' && hostname.length <= 128 && HOSTNAME_PATTERN.test(hostname)) return;
    mistakes.add(`${path}[${index}]`, `${quoted(hostname)} is not a hostname, nor one ending in *`);
  });
  return hostnames as string[];
}

/** True for a usable key of a label: `site`, `example.org/floor`. */
export function isLabelKey(text: string): boolean {
  return text.length <= LABEL_PART_MAX_BYTES && LABEL_KEY.test(text);
}

/** True for a usable value of a label: letters, digits, and `.`, `_`, `-` between them. */
export function isLabelValue(text: string): boolean {
  return text.length <= LABEL_PART_MAX_BYTES && LABEL_VALUE.test(text);
}
