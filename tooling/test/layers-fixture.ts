import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { LAYERS, packageName } from '../layers/table.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const CONFIGURATION = [
  '.gitignore',
  'oxlint.config.ts',
  'tsconfig.json',
  'package.json',
  'vitest.config.ts',
  'tooling/command-line',
  'tooling/layers',
  'tooling/pure',
  'tooling/tsconfig.base.json',
  'tooling/tsconfig.pure.json',
  'tooling/tsconfig.tests.json',
  'tooling/universal-globals.d.ts',
];

/** One finding of oxlint (`code` is its rule) or of the compiler (`code` is its TS number). */
export interface Finding {
  readonly file: string;
  readonly code: string;
}

/**
 * A workspace in a temporary folder with the repository's own configuration, manifests and tools, and with
 * sources that import exactly what the layer table allows.
 */
export class WorkspaceFixture {
  readonly root: string;

  private constructor(root: string) {
    this.root = root;
  }

  static async create(): Promise<WorkspaceFixture> {
    const fixture = new WorkspaceFixture(await realpath(await mkdtemp(path.join(tmpdir(), 'qconn-layers-'))));
    await Promise.all([fixture.#copyConfiguration(), fixture.#linkTools()]);
    await Promise.all(Object.keys(LAYERS).map((layer) => fixture.#layDownLayer(layer)));
    return fixture;
  }

  async write(file: string, source: string): Promise<void> {
    const target = path.join(this.root, file);
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, source);
  }

  async lint(): Promise<Finding[]> {
    const report = await this.#run('oxlint/bin/oxlint', ['--format=json']);
    const { diagnostics } = JSON.parse(report) as { diagnostics: { filename: string; code: string }[] };
    return diagnostics.map(({ filename, code }) => ({ file: filename, code }));
  }

  async compile(): Promise<Finding[]> {
    const report = await this.#run('typescript/bin/tsc', ['-b', '--pretty', 'false']);
    return [...report.matchAll(/^(.+?)\(\d+,\d+\): error (TS\d+)/gm)].map(([, file = '', code = '']) => ({
      file,
      code,
    }));
  }

  async close(): Promise<void> {
    await rm(this.root, { recursive: true, force: true });
  }

  async #copyConfiguration(): Promise<void> {
    await Promise.all(
      CONFIGURATION.map((file) => cp(path.join(ROOT, file), path.join(this.root, file), { recursive: true })),
    );
  }

  /** Each tool by its own link: a link to the whole folder would share the compiler's cache with the repository. */
  async #linkTools(): Promise<void> {
    const tools = path.join(this.root, 'node_modules');
    await mkdir(tools);
    const names = (await readdir(path.join(ROOT, 'node_modules'))).filter((name) => /^(\.bin$|[^.])/.test(name));
    await Promise.all(names.map((name) => symlink(path.join(ROOT, 'node_modules', name), path.join(tools, name))));
  }

  async #layDownLayer(layer: string): Promise<void> {
    const { folder = '', mayImport = [] } = LAYERS[layer] ?? {};
    const scope = path.join(this.root, folder, 'node_modules/@qconn');
    await mkdir(scope, { recursive: true });
    await Promise.all([
      ...['package.json', 'tsconfig.json'].map((file) =>
        cp(path.join(ROOT, folder, file), path.join(this.root, folder, file)),
      ),
      ...Object.entries(LAYERS).map(([name, target]) =>
        symlink(path.join(this.root, target.folder), path.join(scope, name)),
      ),
    ]);
    const imports = mayImport.map((name) => `import { ${name}Name } from '${packageName(name)}';\n`).join('');
    const names = [`'${layer}'`, ...mayImport.map((name) => `${name}Name`)].join(', ');
    const defining = `${imports}\nexport const ${layer}Name: string = [${names}].join(' ');\n`;
    await this.write(`${folder}/src/name.ts`, defining);
    await this.write(`${folder}/src/index.ts`, `export { ${layer}Name } from './name.ts';\n`);
  }

  async #run(tool: string, args: readonly string[]): Promise<string> {
    const script = path.join(ROOT, 'node_modules', tool);
    const child = spawn(process.execPath, [script, ...args], { cwd: this.root, stdio: ['ignore', 'pipe', 'inherit'] });
    const chunks: Buffer[] = [];
    for await (const chunk of child.stdout) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString();
  }
}

export async function editJson(file: string, edit: (value: Record<string, unknown>) => void): Promise<void> {
  const value = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  edit(value);
  await writeFile(file, JSON.stringify(value));
}
