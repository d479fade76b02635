import path from 'node:path';
import { defineConfig, type OxlintOverride } from 'oxlint';
import { boundaryElements, boundaryPolicies } from './tooling/layers/boundaries.ts';
import { importRestrictions } from './tooling/layers/import-restrictions.ts';
import { pureFiles } from './tooling/layers/pure-files.ts';
import { LAYERS } from './tooling/layers/table.ts';

const ROOT = import.meta.dirname;

/** A pure part takes time and randomness as arguments; Node's globals it cannot even name (no Node types). */
const pureParts: OxlintOverride = {
  files: [...pureFiles(ROOT)],
  rules: {
    'no-restricted-globals': [
      'error',
      ...['Date', 'performance', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'crypto', 'fetch'].map(
        (name) => ({
          name,
          message: 'A pure part owns no clock, no randomness and no I/O: take the value as an argument.',
        }),
      ),
    ],
    'no-restricted-properties': [
      'error',
      ...['setTimeout', 'setInterval', 'setImmediate', 'crypto', 'performance', 'Date'].map((property) => ({
        object: 'globalThis',
        property,
        message: 'A pure part owns no clock and no randomness.',
      })),
      { object: 'Math', property: 'random', message: 'A pure part owns no randomness: take random01 as an argument.' },
    ],
    'import/no-nodejs-modules': 'error',
  },
};

const ownIndex = Object.keys(LAYERS).map((layer): OxlintOverride => ({
  files: [`${LAYERS[layer]?.folder}/src/**/*.ts`],
  rules: { 'no-restricted-imports': ['error', { patterns: importRestrictions(layer) }] },
}));

export default defineConfig({
  plugins: ['typescript', 'unicorn', 'oxc', 'import', 'promise', 'node'],
  jsPlugins: ['eslint-plugin-boundaries'],
  options: { typeAware: true, reportUnusedDisableDirectives: 'error' },
  categories: { correctness: 'error', suspicious: 'error' },
  ignorePatterns: ['**/dist/**'],
  settings: {
    'boundaries/root-path': ROOT,
    'boundaries/elements': boundaryElements(),
    'import/resolver': { [path.join(ROOT, 'tooling/layers/resolver.cjs')]: {} },
  },
  rules: {
    'boundaries/dependencies': ['error', { default: 'disallow', policies: boundaryPolicies() }],
    'import/no-cycle': 'error',
    'import/no-default-export': 'error',
    'import/no-self-import': 'error',
    'import/no-unassigned-import': ['error', { allow: ['reflect-metadata'] }],
    'typescript/no-misused-promises': 'error',
    'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    'no-throw-literal': 'error',
    'typescript/prefer-promise-reject-errors': 'error',
    'typescript/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
    'typescript/no-explicit-any': 'error',
    // Off, each because it was wrong more often than right here: the compiler's narrowing does not see that a field
    // has changed during an await or a callback; the compiler itself checks returns; loops copy what they change.
    'typescript/no-unnecessary-condition': 'off',
    'no-unmodified-loop-condition': 'off',
    'typescript/consistent-return': 'off',
    'unicorn/no-useless-spread': 'off',
    'promise/always-return': 'off',
    // It takes Fastify's handlers, whose rejections are answered, for those of Express.
    'oxc/no-async-endpoint-handlers': 'off',
    'import/no-named-as-default': 'off',
    'import/no-named-as-default-member': 'off',
    // Narrowing what a decoder or a bounds check has just proven is what a codec does all day.
    'typescript/no-unsafe-type-assertion': 'off',
    'unicorn/consistent-function-scoping': ['error', { checkArrowFunctions: false }],
    eqeqeq: 'error',
    'prefer-const': ['error', { ignoreReadBeforeAssign: true }],
    'no-var': 'error',
    'unicorn/filename-case': ['error', { case: 'kebabCase' }],
  },
  overrides: [
    {
      // The programs' own output goes through the log or process.stdout; only the CLI prints.
      files: ['packages/*/src/**/*.ts', 'apps/{hub,agent}/src/**/*.ts'],
      excludeFiles: ['packages/testkit/**'],
      rules: { 'no-console': 'error' },
    },
    { files: ['**/*.config.ts', '**/global-setup.ts'], rules: { 'import/no-default-export': 'off' } },
    // Kysely's migrator gives a migration a Kysely<any>: the schema of that moment is not today's.
    { files: ['packages/store/src/migrations/**/*.ts'], rules: { 'typescript/no-explicit-any': 'off' } },
    ...ownIndex,
    {
      files: ['packages/*/{test,bench,fuzz}/**/*.ts', 'apps/*/{test,bench}/**/*.ts'],
      rules: { 'no-restricted-imports': ['error', { patterns: importRestrictions() }] },
    },
    pureParts,
  ],
});
