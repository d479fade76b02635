import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

// Tests run from the workspace's sources: no build comes first.
const conditions = ['@qconn/source'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: [
      'packages/*/test/**/*.test.ts',
      'apps/*/test/**/*.test.ts',
      'tooling/test/**/*.test.ts',
      'demo/test/**/*.test.ts',
      'e2e/test/**/*.test.ts',
    ],
    globalSetup: ['tooling/test-database/global-setup.ts'],
    // A process per file: sockets, timers and the database of one file cannot reach into another.
    pool: 'forks',
    maxWorkers: availableParallelism(),
    reporters: ['default'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
