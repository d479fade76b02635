import { afterAll, beforeAll, describe } from 'vitest';

import type { Store } from '../src/index.ts';
import { admissionSuite } from './suites/admission.ts';
import { auditSuite } from './suites/audit.ts';
import { enrolmentSuite } from './suites/enrolment.ts';
import { inventorySuite } from './suites/inventory.ts';
import { policySuite } from './suites/policy.ts';
import { rolesAndKeysSuite } from './suites/roles-and-keys.ts';
import { rotationSuite } from './suites/rotation.ts';

/** What a suite that runs on both databases is given: the same data for all of its tests. */
export interface Opened {
  readonly store: Store;
  readonly kind: 'PGlite' | 'PostgreSQL';
  /** Runs a statement past the store, as an operator could who has the database. */
  readonly run: (statement: string) => Promise<void>;
  /** A second store on the same data, as another hub would have; PGlite has only the one. */
  another(): Promise<Store>;
}

/** Runs every suite on one database. The suites share it: an embedded one takes seconds to start. */
export function runSuites(open: () => Promise<Opened & { close(): Promise<void> }>): void {
  let opened: Opened & { close(): Promise<void> };
  beforeAll(async () => void (opened = await open()));
  afterAll(async () => await opened.close());
  describe('enrolment', () => enrolmentSuite(() => opened));
  describe('admission', () => admissionSuite(() => opened));
  describe('inventory', () => inventorySuite(() => opened));
  describe('roles and keys', () => rolesAndKeysSuite(() => opened));
  describe('policy', () => policySuite(() => opened));
  describe('rotation', () => rotationSuite(() => opened));
  describe('audit', () => auditSuite(() => opened));
}
