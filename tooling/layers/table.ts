/**
 * Who may import whom. The one table: the lint rules (oxlint.config.ts), the check of the manifests
 * (tooling/layers/check.ts) and its tests all read it. docs/architecture.md draws it.
 */
export interface Layer {
  /** Folder from the root of the repository. */
  readonly folder: string;
  /** Layers whose package a file under `src/` may import. */
  readonly mayImport: readonly string[];
  /** Only tests and benches may import it; it is never published. */
  readonly testsOnly?: true;
}

const CLIENT_SIDE = ['protocol', 'clock', 'identity', 'transport'];

export const LAYERS: Readonly<Record<string, Layer>> = {
  protocol: { folder: 'packages/protocol', mayImport: [] },
  clock: { folder: 'packages/clock', mayImport: [] },
  identity: { folder: 'packages/identity', mayImport: ['protocol', 'clock'] },
  transport: { folder: 'packages/transport', mayImport: ['protocol', 'clock'] },
  authz: { folder: 'packages/authz', mayImport: ['protocol'] },
  routing: { folder: 'packages/routing', mayImport: ['protocol', 'clock'] },
  store: { folder: 'packages/store', mayImport: ['protocol'] },
  startup: { folder: 'packages/startup', mayImport: ['protocol'] },
  client: { folder: 'packages/client', mayImport: CLIENT_SIDE },
  testkit: { folder: 'packages/testkit', mayImport: ['protocol', 'clock', 'identity'], testsOnly: true },
  hub: { folder: 'apps/hub', mayImport: [...CLIENT_SIDE, 'authz', 'routing', 'store', 'startup'] },
  agent: { folder: 'apps/agent', mayImport: [...CLIENT_SIDE, 'client', 'startup'] },
  cli: { folder: 'apps/cli', mayImport: ['protocol', 'client', 'startup'] },
};

/** Packages whose every file is pure: no clock, no randomness, no I/O, no Node types. */
export const PURE_PACKAGES: readonly string[] = ['protocol', 'authz', 'routing'];

export function packageName(layer: string): string {
  return `@qconn/${layer}`;
}

function isApp(layer: string): boolean {
  return LAYERS[layer]?.folder.startsWith('apps/') === true;
}

/** Layers that the tests of a layer may import: what it may import itself, itself, and the testkit; an app's tests, anything. */
export function testsMayImport(layer: string): readonly string[] {
  if (isApp(layer)) return Object.keys(LAYERS);
  const own = LAYERS[layer]?.mayImport ?? [];
  return [...own, layer, ...Object.keys(LAYERS).filter((name) => LAYERS[name]?.testsOnly === true)];
}
