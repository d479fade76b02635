import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { LAYERS, packageName, testsMayImport } from './table.ts';

interface Manifest {
  readonly name?: string;
  readonly private?: boolean;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

interface TsConfig {
  readonly references?: readonly { readonly path: string }[];
}

/** Holds every package.json and tsconfig.json of the workspace to the layer table; gives the violations in words. */
export function manifestViolations(root: string): string[] {
  const known = Object.keys(LAYERS).flatMap((layer) => layerViolations(root, layer));
  return [...known, ...unknownFolders(root), ...tableCycles()];
}

function layerViolations(root: string, layer: string): string[] {
  const folder = path.join(root, LAYERS[layer]?.folder ?? '');
  const manifest = readJson(path.join(folder, 'package.json')) as Manifest | undefined;
  const tsconfig = readJson(path.join(folder, 'tsconfig.json')) as TsConfig | undefined;
  if (manifest === undefined || tsconfig === undefined) return [`${layer}: package.json or tsconfig.json is missing`];

  const mayImport = LAYERS[layer]?.mayImport ?? [];
  const production = ours({ ...manifest.dependencies, ...manifest.peerDependencies });
  const development = ours(manifest.devDependencies ?? {});
  const references = (tsconfig.references ?? []).map((reference) => path.basename(reference.path));
  const violations = [
    ...outside(layer, 'dependencies', production, mayImport),
    ...outside(layer, 'devDependencies', development, testsMayImport(layer)),
    ...outside(layer, 'tsconfig references', references, mayImport),
    ...outside(layer, 'dependencies without a tsconfig reference', production, references),
  ];
  const deep = Object.keys(manifest.exports ?? {}).filter((entry) => entry !== '.' && entry !== './package.json');
  if (deep.length > 0) violations.push(`${layer}: exports more than its entry point: ${deep.join(', ')}`);
  if (manifest.name !== packageName(layer)) violations.push(`${layer}: is named ${manifest.name}`);
  if (LAYERS[layer]?.testsOnly === true && manifest.private !== true) violations.push(`${layer}: has to be private`);
  return violations;
}

function outside(layer: string, where: string, found: readonly string[], allowed: readonly string[]): string[] {
  return found.filter((name) => !allowed.includes(name)).map((name) => `${layer}: ${where}: ${name} is not allowed`);
}

function ours(dependencies: Readonly<Record<string, string>>): string[] {
  const scope = packageName('');
  return Object.keys(dependencies).flatMap((name) => (name.startsWith(scope) ? [name.slice(scope.length)] : []));
}

function unknownFolders(root: string): string[] {
  const folders = new Set(Object.values(LAYERS).map((layer) => layer.folder));
  return ['packages', 'apps'].flatMap((kind) =>
    readdirSync(path.join(root, kind))
      .map((name) => `${kind}/${name}`)
      .filter((folder) => existsSync(path.join(root, folder, 'package.json')) && !folders.has(folder))
      .map((folder) => `${folder}: is not in tooling/layers/table.ts`),
  );
}

/** The table itself has to be free of cycles. */
function tableCycles(): string[] {
  const done = new Set<string>();
  const visit = (layer: string, above: readonly string[]): string[] => {
    if (above.includes(layer)) return [`the table has a cycle: ${[...above, layer].join(' → ')}`];
    if (done.has(layer)) return [];
    const cycles = (LAYERS[layer]?.mayImport ?? []).flatMap((next) => visit(next, [...above, layer]));
    done.add(layer);
    return cycles;
  };
  return Object.keys(LAYERS).flatMap((layer) => visit(layer, []));
}

function readJson(file: string): unknown {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}
