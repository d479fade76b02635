import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

// Tests run from the workspace's sources: no build comes first.
const conditions = ['@qconn/source'];

/** Own no state that one test could leave to another, nor do their tests: a process for each file would be half of their time. */
const PURE = ['packages/{authz,clock,protocol,routing}/test/**/*.test.ts'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    maxWorkers: availableParallelism(),
    pool: 'forks',
    reporters: ['default'],
    // They end what waits for something that does not come, and nothing else: how long a test takes is the machine's affair.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    teardownTimeout: 240_000,
    expect: { poll: { timeout: 120_000 } },
    projects: [
      { extends: true, test: { name: 'pure', include: PURE, isolate: false } },
      {
        extends: true,
        test: {
          // A process per file: sockets, timers and the database of one file cannot reach into another.
          name: 'isolated',
          include: [
            'packages/*/test/**/*.test.ts',
            'apps/*/test/**/*.test.ts',
            'tooling/test/**/*.test.ts',
            'demo/test/**/*.test.ts',
            'e2e/test/**/*.test.ts',
          ],
          exclude: PURE,
          globalSetup: ['tooling/test-database/global-setup.ts'],
          setupFiles: ['tooling/test-passphrases/cheap.ts'],
        },
      },
    ],
  },
});
