import { createDatabase } from '@qconn/testkit';
import { afterAll, beforeAll, describe } from 'vitest';

import { openStore, type Store } from '../src/index.ts';

/** What a suite that runs on both databases is given. */
export interface Opened {
  readonly store: Store;
  readonly kind: 'PGlite' | 'PostgreSQL';
  /** A second store on the same data, as another hub would have; PGlite has only the one. */
  another(): Promise<Store>;
}

/** Runs the same suite on PGlite in memory and on a real server, each with one fresh database. */
export function onBothDatabases(subject: string, suite: (opened: () => Opened) => void): void {
  describe.each(['PGlite', 'PostgreSQL'] as const)(`${subject} on %s`, (kind) => {
    let current: Opened;
    const cleanUps: Array<() => Promise<void>> = [];

    beforeAll(async () => {
      const database = kind === 'PostgreSQL' ? await createDatabase() : undefined;
      if (database !== undefined) cleanUps.push(async () => await database.drop());
      const open = async (): Promise<Store> => {
        const store = await openStore(database === undefined ? { memory: true } : { url: database.url });
        cleanUps.push(async () => await store.close());
        return store;
      };
      const store = await open();
      current = { store, kind, another: async () => (kind === 'PGlite' ? store : await open()) };
    });

    afterAll(async () => {
      for (const cleanUp of cleanUps.toReversed()) await cleanUp();
    });

    suite(() => current);
  });
}
