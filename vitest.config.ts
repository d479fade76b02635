import { defineConfig } from 'vitest/config';

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
    ],
    globalSetup: ['tooling/test-database/global-setup.ts'],
    pool: 'forks',
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
