import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { manifestViolations } from '../layers/manifests.ts';
import { editJson, type Finding, WorkspaceFixture } from './layers-fixture.ts';

/** A violation, the file that it is planted in, and what has to say so. */
interface Plant {
  readonly what: string;
  readonly file: string;
  readonly source: string;
  readonly lint?: string;
  readonly compiler?: string;
}

const PLANTS: readonly Plant[] = [
  {
    what: 'a package that the table does not allow',
    file: 'packages/authz/src/forbidden.ts',
    source: `import { clockName } from '@qconn/clock';\nexport const planted: string = clockName;\n`,
    lint: 'boundaries(dependencies)',
  },
  {
    what: 'a forbidden package by type only',
    file: 'packages/store/src/type-only.ts',
    source: `import type { clockName } from '@qconn/clock';\nexport type Planted = typeof clockName;\n`,
    lint: 'boundaries(dependencies)',
  },
  {
    what: 'a forbidden package by re-export',
    file: 'packages/routing/src/re-export.ts',
    source: `export { hubName } from '@qconn/hub';\n`,
    lint: 'boundaries(dependencies)',
  },
  {
    what: 'a forbidden package by a dynamic import',
    file: 'packages/transport/src/dynamic.ts',
    source: `export const planted: Promise<unknown> = import('@qconn/identity');\n`,
    lint: 'boundaries(dependencies)',
  },
  {
    what: 'the testkit outside tests',
    file: 'apps/hub/src/testkit-in-production.ts',
    source: `import { testkitName } from '@qconn/testkit';\nexport const planted: string = testkitName;\n`,
    lint: 'boundaries(dependencies)',
  },
  {
    what: 'the client in the hub',
    file: 'apps/hub/src/client-in-hub.ts',
    source: `import { clientName } from '@qconn/client';\nexport const planted: string = clientName;\n`,
    lint: 'boundaries(dependencies)',
  },
  {
    what: "a layer in another's tests that neither may see",
    file: 'packages/authz/test/forbidden.test.ts',
    source: `import { storeName } from '@qconn/store';\nexport const planted: string = storeName;\n`,
    lint: 'boundaries(dependencies)',
  },
  {
    what: 'a cycle of imports',
    file: 'packages/identity/src/cycle-a.ts',
    source: `import { b } from './cycle-b.ts';\nexport const a: string = typeof b;\n`,
    lint: 'import(no-cycle)',
  },
  {
    what: 'an import past a package’s exports',
    file: 'packages/client/src/deep.ts',
    source: `import { clockName } from '@qconn/clock/src/name.ts';\nexport const planted: string = clockName;\n`,
    lint: 'eslint(no-restricted-imports)',
    compiler: 'TS2307',
  },
  {
    what: 'a path into another package',
    file: 'packages/client/src/sideways.ts',
    source: `import { clockName } from '../../clock/src/name.ts';\nexport const planted: string = clockName;\n`,
    lint: 'eslint(no-restricted-imports)',
  },
  {
    what: 'the own index from within',
    file: 'packages/identity/src/own-index.ts',
    source: `import { identityName } from './index.ts';\nexport const planted: string = identityName;\n`,
    lint: 'eslint(no-restricted-imports)',
  },
  {
    what: 'a module of Node in a pure package',
    file: 'packages/authz/src/reads-files.ts',
    source: `import { tmpdir } from 'node:os';\nexport const planted: string = tmpdir();\n`,
    lint: 'import(no-nodejs-modules)',
    compiler: 'TS2591',
  },
  {
    what: 'Node’s types in a pure package',
    file: 'packages/protocol/src/uses-buffer.ts',
    source: `export const planted: string = Buffer.alloc(1).toString('hex');\n`,
    compiler: 'TS2591',
  },
  {
    what: 'the clock in a pure package',
    file: 'packages/routing/src/reads-clock.ts',
    source: `export const planted: number = Date.now();\n`,
    lint: 'eslint(no-restricted-globals)',
  },
  {
    what: 'randomness in a pure package',
    file: 'packages/protocol/src/rolls-dice.ts',
    source: `export const planted: number = Math.random();\n`,
    lint: 'eslint(no-restricted-properties)',
  },
  {
    what: 'a timer in a pure file of a mixed package',
    file: 'packages/clock/src/backoff.ts',
    source: `export const planted: unknown = setTimeout(() => undefined, 1);\n`,
    lint: 'eslint(no-restricted-globals)',
    compiler: 'TS2304',
  },
  {
    what: 'Node’s types beside an allowed import in a pure file',
    file: 'packages/client/src/supervisor/supervisor-exits.ts',
    source: `import { clockName } from '@qconn/clock';\nexport const planted: string = clockName + process.pid;\n`,
    compiler: 'TS2591',
  },
];

let fixture: WorkspaceFixture;

beforeAll(async () => {
  fixture = await WorkspaceFixture.create();
});

afterAll(() => fixture.close());

test('what the table allows passes lint, compiler and manifest check', async () => {
  expect(manifestViolations(fixture.root)).toEqual([]);
  const [linted, compiled] = await Promise.all([fixture.lint(), fixture.compile()]);
  expect([...linted, ...compiled]).toEqual([]);
});

describe('what the table forbids', () => {
  let linted: Finding[];
  let compiled: Finding[];

  beforeAll(async () => {
    await Promise.all(PLANTS.map((plant) => fixture.write(plant.file, plant.source)));
    await fixture.write(
      'packages/identity/src/cycle-b.ts',
      `import { a } from './cycle-a.ts';\nexport const b: string = typeof a;\n`,
    );
    [linted, compiled] = await Promise.all([fixture.lint(), fixture.compile()]);
  });

  test.each(PLANTS)('$what is caught', ({ file, lint, compiler }) => {
    if (lint !== undefined) expect(linted).toContainEqual({ file, code: lint });
    if (compiler !== undefined) expect(compiled).toContainEqual({ file, code: compiler });
  });

  test('a forbidden dependency in a manifest is caught', async () => {
    const manifest = path.join(fixture.root, 'packages/authz/package.json');
    await editJson(manifest, (value) => {
      value['dependencies'] = { '@qconn/store': 'workspace:^' };
      value['exports'] = { '.': './src/index.ts', './inner': './src/name.ts' };
    });
    expect(manifestViolations(fixture.root)).toEqual([
      'authz: dependencies: store is not allowed',
      'authz: dependencies without a tsconfig reference: store is not allowed',
      'authz: exports more than its entry point: ./inner',
    ]);
  });
});
