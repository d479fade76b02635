import { InvalidArgumentError } from 'commander';
import type { Grant, Selector } from '../api/views.ts';

const VERBS: readonly string[] = ['provide', 'submit', 'query', 'admin'] satisfies Grant['verb'][];

/**
 * Reads `VERB:PATTERN[,PATTERN…]`, such as `submit:print,scale.*`. Whether the patterns are well-formed
 * is the hub's to say: it knows them better.
 * @throws InvalidArgumentError
 */
export function parseGrant(effect: Grant['effect'], text: string): Grant {
  const at = text.indexOf(':');
  const verb = text.slice(0, Math.max(0, at));
  const serviceTypes = text.slice(at + 1).split(',');
  if (at < 1 || !VERBS.includes(verb))
    throw new InvalidArgumentError(`Write VERB:PATTERN,…, where VERB is one of ${VERBS.join(', ')}.`);
  if (serviceTypes.some((pattern) => pattern.trim() === ''))
    throw new InvalidArgumentError('Name at least one service type after the colon, such as submit:print,scale.*');
  if (serviceTypes.some((pattern) => pattern.includes(':')))
    throw new InvalidArgumentError(
      `Give the option once for each verb: --${effect} submit:print --${effect} query:print`,
    );
  return { effect, verb: verb as Grant['verb'], serviceTypes: serviceTypes.map((pattern) => pattern.trim()) };
}

/**
 * Adds `label:KEY=VALUE` or `hostname:NAME` to the machines that a grant is about.
 * @throws InvalidArgumentError
 */
export function parseTowards(text: string, { labels = {}, hostnames = [] }: Selector): Selector {
  const [, kind, rest = ''] = /^(label|hostname):(.+)$/.exec(text) ?? [];
  if (kind === 'hostname')
    return { ...(Object.keys(labels).length > 0 && { labels }), hostnames: [...hostnames, rest] };
  const at = rest.indexOf('=');
  if (kind !== 'label' || at < 1)
    throw new InvalidArgumentError('Write label:KEY=VALUE or hostname:NAME (which may end in *).');
  const key = rest.slice(0, at);
  if (Object.hasOwn(labels, key))
    throw new InvalidArgumentError(`The label ${key} is given twice; a machine has one value for it.`);
  return { labels: { ...labels, [key]: rest.slice(at + 1) }, ...(hostnames.length > 0 && { hostnames }) };
}

/** A grant as its options: `--allow submit:print,scale.* --towards label:site=oslo`. */
export function grantOptions({ effect, verb, serviceTypes, selector = {} }: Grant): string[] {
  const labels = Object.entries(selector.labels ?? {}).map(([key, value]) => `label:${key}=${value}`);
  const hostnames = (selector.hostnames ?? []).map((hostname) => `hostname:${hostname}`);
  return [
    `--${effect}`,
    `${verb}:${serviceTypes.join(',')}`,
    ...[...labels, ...hostnames].flatMap((text) => ['--towards', text]),
  ];
}

/** A grant in words: `allow submit print, scale.* towards site=oslo, hostname kiosk-*`. */
export function grantInWords({ effect, verb, serviceTypes, selector = {} }: Grant): string {
  const labels = Object.entries(selector.labels ?? {}).map(([key, value]) => `${key}=${value}`);
  const hostnames = selector.hostnames === undefined ? [] : [`hostname ${selector.hostnames.join(' or ')}`];
  const towards = [...labels, ...hostnames];
  return `${effect} ${verb} ${serviceTypes.join(', ')}${towards.length > 0 ? ` towards ${towards.join(', ')}` : ''}`;
}
