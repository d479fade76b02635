import type { Job } from '@qconn/client';

/** What the template needs beside the job. */
export interface NameParts {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Random, for every job another. */
  readonly id: string;
}

const PLACEHOLDER = /\{([a-z-]+)\}/g;

/** Bytes of a name before its number and whatever a reader appends: file systems take 255. */
const NAME_MAX_BYTES = 200;

const VALUES: Readonly<Record<string, (job: Job, parts: NameParts) => string>> = {
  time: (_job, { now }) => new Date(now).toISOString().replaceAll(/[-:.]/g, ''),
  id: (_job, { id }) => id,
  from: ({ from }) => from.hostname ?? from.fingerprint,
  fingerprint: ({ from }) => from.fingerprint,
  device: ({ device }) => device,
  'service-type': ({ serviceType }) => serviceType,
  'idempotency-key': ({ idempotencyKey }) => idempotencyKey ?? '',
};

/** What a template may name: `time` (such as 20260102T030405678Z), `id`, `from`, … */
export const PLACEHOLDERS: readonly string[] = Object.keys(VALUES);

/** A file's name. Whatever a sender chose is made harmless: no separators, no hidden files, no names of any length. */
export function fillTemplate(template: string, job: Job, parts: NameParts): string {
  const filled = template.replaceAll(PLACEHOLDER, (_whole, name: string) => harmless(VALUES[name]?.(job, parts) ?? ''));
  const name = Buffer.from(filled).subarray(0, NAME_MAX_BYTES).toString('utf8').replace(/�+$/, '').replace(/^\.+/, '');
  return name === '' ? parts.id : name;
}

/** `label.zpl`, `label-1.zpl`, `label-2.zpl`, … */
export function numbered(name: string, n: number): string {
  if (n === 0) return name;
  const dot = name.lastIndexOf('.');
  return dot <= 0 ? `${name}-${n}` : `${name.slice(0, dot)}-${n}${name.slice(dot)}`;
}

function harmless(value: string): string {
  return value.replaceAll(/[^A-Za-z0-9._@-]/g, '_').slice(0, 100);
}
