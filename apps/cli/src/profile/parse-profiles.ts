import { X509Certificate } from 'node:crypto';
import { QconnError } from '@qconn/protocol';
import type { Profile } from './profile.ts';

/** The profiles of a file's text. @throws QconnError `config_invalid` which never quotes what it read: it holds keys */
export function parseProfiles(text: string, file: string): Map<string, Profile> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw damaged(file, 'is not JSON');
  }
  const profiles = isObject(value) ? value['profiles'] : undefined;
  if (!isObject(profiles)) throw damaged(file, 'has no profiles');
  return new Map(Object.entries(profiles).map(([name, profile]) => [name, parseProfile(profile, name, file)]));
}

/** The text that {@link parseProfiles} reads. */
export function formatProfiles(profiles: ReadonlyMap<string, Profile>): string {
  return `${JSON.stringify({ profiles: Object.fromEntries(profiles) }, undefined, 2)}\n`;
}

function parseProfile(value: unknown, name: string, file: string): Profile {
  const { hub, trustPem, key } = isObject(value) ? value : {};
  if (typeof hub !== 'string' || URL.parse(hub)?.protocol !== 'https:')
    throw damaged(file, `has no https address at profiles.${name}.hub`);
  if (typeof key !== 'string') throw damaged(file, `has no key at profiles.${name}.key`);
  if (!Array.isArray(trustPem) || trustPem.length === 0 || !trustPem.every(isCertificate))
    throw damaged(file, `has no certificates at profiles.${name}.trustPem`);
  return { hub, trustPem, key };
}

function isCertificate(value: unknown): boolean {
  try {
    return typeof value === 'string' && new X509Certificate(value).ca;
  } catch {
    return false;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function damaged(file: string, what: string): QconnError {
  return new QconnError('config_invalid', `The file ${file} ${what}. Mend it, or remove it and log in again.`);
}
