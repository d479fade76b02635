import { isFingerprint } from '@qconn/identity';
import { QconnError } from '@qconn/protocol';
import type { Page, PageRequest } from '@qconn/store';
import type { MachineSession } from '../session/machine-session.ts';

const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 1_000;

/**
 * A page of the live sessions in the order of fingerprints: sessions that come and go between two pages do not move the
 * others.
 * @throws QconnError `invalid_request`
 */
export function pageOfSessions(
  sessions: Iterable<MachineSession>,
  { cursor = '', limit = LIMIT_DEFAULT }: PageRequest,
): Page<MachineSession> {
  if (limit > LIMIT_MAX) throw new QconnError('invalid_request', `The limit must be between 1 and ${LIMIT_MAX}.`);
  if (cursor !== '' && !isFingerprint(cursor))
    throw new QconnError('invalid_request', 'The cursor is not one that a list handed out.');
  const after = [...sessions].filter(({ auth }) => auth.fingerprint > cursor);
  const items = after.toSorted((a, b) => (a.auth.fingerprint < b.auth.fingerprint ? -1 : 1)).slice(0, limit);
  return { items, next: after.length > limit ? items.at(-1)?.auth.fingerprint : undefined };
}
