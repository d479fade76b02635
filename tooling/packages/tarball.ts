import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { LAYERS, packageName } from '../layers/table.ts';
import { run } from './run.ts';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly bin?: Readonly<Record<string, string>>;
}

/** A public package as it would be published. */
export interface Tarball {
  readonly name: string;
  readonly file: string;
  /** The manifest inside the tarball, which differs from the one in the workspace. */
  readonly manifest: Manifest;
}

/** Packs every public package into a folder; throws where one has not been built. */
export async function packAll(root: string, target: string): Promise<Tarball[]> {
  const layers = Object.entries(LAYERS).filter(([, layer]) => layer.testsOnly !== true);
  const tarballs: Tarball[] = [];
  for (const [layer, { folder }] of layers) {
    // One at a time: pnpm takes most of a core for each.
    tarballs.push(await pack(packageName(layer), path.join(root, folder), path.join(target, layer)));
  }
  return tarballs;
}

async function pack(name: string, folder: string, target: string): Promise<Tarball> {
  if (!existsSync(path.join(folder, 'dist/index.js')))
    throw new Error(`${name} has not been built: run the build first`);
  const packed = await run('pnpm', ['pack', '--pack-destination', target], folder);
  if (!packed.ok) throw new Error(`pnpm pack of ${name} failed:\n${packed.output}`);
  const [tarball] = readdirSync(target).filter((each) => each.endsWith('.tgz'));
  if (tarball === undefined) throw new Error(`pnpm pack of ${name} left no tarball`);
  const file = path.join(target, tarball);
  const unpacked = await run('tar', ['-xzf', file, '-C', target], target);
  if (!unpacked.ok) throw new Error(`cannot unpack ${file}: ${unpacked.output}`);
  const manifest = JSON.parse(readFileSync(path.join(target, 'package/package.json'), 'utf8')) as Manifest;
  return { name, file, manifest };
}
