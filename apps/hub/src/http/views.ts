import type { AuditRecord, KeyRecord, MachineRecord, Page, RoleRecord, TokenRecord } from '@qconn/store';
import type { Static } from 'typebox';
import type { MachineSession } from '../session/machine-session.ts';
import type { AuditSchema, KeySchema, MachineSchema, RoleSchema, SessionSchema, TokenSchema } from './schemas.ts';
import { optionalTime, timeText } from './time.ts';

/** How the API shows what the hub knows: times as text, secrets and keys left out. */

export function machineView(record: MachineRecord, online: boolean): Static<typeof MachineSchema> {
  const {
    fingerprint,
    shortCode,
    status,
    hostname,
    requestedHostname,
    requestedHolder,
    roles,
    labels,
    facts,
    version,
  } = record;
  return {
    fingerprint,
    shortCode,
    status,
    hostname,
    requestedHostname,
    requestedHolder,
    roles: [...roles],
    labels,
    facts,
    online,
    createdAt: timeText(record.createdAt),
    authorizedAt: optionalTime(record.authorizedAt),
    revokedAt: optionalTime(record.revokedAt),
    expiresAt: optionalTime(record.expiresAt),
    version,
  };
}

export function tokenView({
  roles,
  createdAt,
  expiresAt,
  revokedAt,
  ...rest
}: TokenRecord): Static<typeof TokenSchema> {
  return {
    ...rest,
    roles: [...roles],
    createdAt: timeText(createdAt),
    expiresAt: timeText(expiresAt),
    revokedAt: optionalTime(revokedAt),
  };
}

export function roleView({ name, grants, generation, updatedAt }: RoleRecord): Static<typeof RoleSchema> {
  return {
    name,
    grants: structuredClone(grants) as Static<typeof RoleSchema>['grants'],
    generation,
    updatedAt: timeText(updatedAt),
  };
}

export function keyView({
  id,
  name,
  scopes,
  createdBy,
  createdAt,
  expiresAt,
  revokedAt,
}: KeyRecord): Static<typeof KeySchema> {
  return {
    id,
    name,
    roles: [...scopes],
    createdBy,
    createdAt: timeText(createdAt),
    expiresAt: timeText(expiresAt),
    revokedAt: optionalTime(revokedAt),
  };
}

export function sessionView({ id, auth, connection, devices }: MachineSession): Static<typeof SessionSchema> {
  const { fingerprint, hostname, status, remoteAddress, credentialSerial } = auth;
  return {
    id,
    machine: fingerprint,
    hostname: hostname ?? null,
    status,
    remoteAddress,
    credentialSerial,
    devices,
    rttMs: connection.stats().rttMs,
  };
}

export function auditView({ at, ...row }: AuditRecord): Static<typeof AuditSchema> {
  return { ...row, at: timeText(at) };
}

/** A page with its items as the API shows them. */
export function pageView<Record, View>(
  { items, next }: Page<Record>,
  view: (record: Record) => View,
): { items: View[]; next?: string } {
  return { items: items.map(view), ...(next === undefined ? {} : { next }) };
}
