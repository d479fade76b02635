import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

/** Files of benches by name: a package's `bench/main.ts` goes by the package's name, any other `bench/X.ts` by `X`. */
export function findBenches(root: string): Map<string, string> {
  const found = new Map<string, string>();
  const owners = ['packages', 'apps'].flatMap((kind) =>
    readdirSync(path.join(root, kind)).map((owner) => path.join(root, kind, owner)),
  );
  for (const owner of [...owners, path.join(root, 'e2e')]) {
    const folder = path.join(owner, 'bench');
    const files = existsSync(folder) ? readdirSync(folder).filter((each) => each.endsWith('.ts')) : [];
    for (const each of files)
      found.set(each === 'main.ts' ? path.basename(owner) : path.basename(each, '.ts'), path.join(folder, each));
  }
  return found;
}
