import { rolesAndPolicy } from './0001-roles-and-policy.ts';
import { machines } from './0002-machines.ts';
import { enrolmentAndKeys } from './0003-enrolment-and-keys.ts';
import { audit } from './0004-audit.ts';
import { certificateAuthority } from './0005-certificate-authority.ts';
import { idempotency } from './0007-idempotency.ts';

/**
 * Every migration in order, by the name that the database remembers; each is a list of single
 * statements. Listed here rather than read from a folder, so that bundles contain them. A migration
 * that has been released is never edited: add the next one.
 */
export const MIGRATIONS: Readonly<Record<string, readonly string[]>> = {
  '0001-roles-and-policy': rolesAndPolicy,
  '0002-machines': machines,
  '0003-enrolment-and-keys': enrolmentAndKeys,
  '0004-audit': audit,
  '0005-certificate-authority': certificateAuthority,
  '0007-idempotency': idempotency,
};
