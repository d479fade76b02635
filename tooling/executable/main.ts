import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { commandLine } from '../command-line/command-line.ts';

commandLine({
  name: 'build:executable',
  about: `Builds qconn-agent as one file that needs nothing installed, dist/qconn-agent-linux-x64: Node's own binary with the program
and the QUIC engine inside (Node's single executable applications). On linux-x64 only.`,
  options: {},
});

const ROOT: string = fileURLToPath(new URL('../..', import.meta.url));
const AGENT: string = join(ROOT, 'apps/agent');
const OUT: string = join(ROOT, 'dist/qconn-agent-linux-x64');

/** Marks Node's binary as one with a program inside (Node's documentation, “Single executable applications”). */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

/**
 * What an agent that mostly waits pays for in memory, and how it is told not to (docs/performance.md has the figures). V8 must
 * have the same flags when it makes the code cache, or it refuses it.
 */
const FLAGS: readonly string[] = [
  // An agent makes little garbage.
  '--max-semi-space-size=1',
  // The optimizing compilers are left on disk until something is really hot: their own code is most of Node's.
  '--invocation-count-for-maglev=20000',
  '--invocation-count-for-maglev-osr=20000',
  '--invocation-count-for-turbofan=100000',
  '--invocation-count-for-osr=20000',
  // `run` gives back once what its start took.
  '--expose-gc',
];

/** Where the program finds the engine: at the end of its own file. Without it there is nothing to be done but to say so. */
function engineModule(bytes: number): string {
  return `
import { engineFolders, loadEngine } from './load-engine.ts';
let engine;
try {
  engine = loadEngine({ file: process.execPath, bytes: ${bytes} }, engineFolders(process.env, process.execPath));
} catch (error) {
  process.stderr.write('qconn-agent cannot start. ' + error.message + '\\n');
  process.exit(1);
}
export const quiche = engine;
`;
}

function parts(): Plugin {
  const { version } = JSON.parse(readFileSync(join(AGENT, 'package.json'), 'utf8')) as { version: string };
  return {
    name: 'qconn-agent',
    setup: (steps) => {
      steps.onResolve({ filter: /^@matrixai\/quic\/native\/index\.js$/ }, () => ({
        path: 'engine',
        namespace: 'qconn',
      }));
      steps.onLoad({ filter: /.*/, namespace: 'qconn' }, () => ({
        contents: engineModule(statSync(enginePath()).size),
        resolveDir: import.meta.dirname,
        loader: 'js',
      }));
      // In a single file there is no package.json to read the version from.
      steps.onLoad({ filter: /apps\/agent\/src\/version\.ts$/ }, () => ({
        contents: `export const VERSION = '${version}'; export const AGENT = 'qconn-agent/${version}';`,
        loader: 'ts',
      }));
    },
  };
}

/** The program as one script. */
async function bundle(folder: string): Promise<string> {
  const script = join(folder, 'qconn-agent.cjs');
  await build({
    stdin: {
      contents: `import { runProgram } from './src/program.ts';
        void runProgram(process.argv).then((code) => { process.exitCode = code; });`,
      resolveDir: AGENT,
      loader: 'ts',
    },
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    conditions: ['@qconn/source'],
    plugins: [parts()],
    // V8 keeps the source: without comments it is half as long, and pure ASCII, so that a character takes one byte.
    minify: true,
    keepNames: true,
    outfile: script,
    logLevel: 'error',
    // Nothing in it may look beside the file that it runs from.
    logOverride: { 'empty-import-meta': 'error' },
  });
  return script;
}

/** The engine's binary, found as the package that wraps it finds it: by its own place, past all links. */
function enginePath(): string {
  const wrapper = realpathSync(join(ROOT, 'packages/transport/node_modules/@matrixai/quic/package.json'));
  return createRequire(wrapper).resolve('@matrixai/quic-linux-x64');
}

async function main(): Promise<number> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    process.stderr.write(`The single file is built on linux-x64; this is ${process.platform}-${process.arch}.\n`);
    return 1;
  }
  const folder = mkdtempSync(join(tmpdir(), 'qconn-executable-'));
  try {
    const blob = join(folder, 'program.blob');
    const config = join(folder, 'sea.json');
    const settings = {
      main: await bundle(folder),
      output: blob,
      disableExperimentalSEAWarning: true,
      useCodeCache: true,
      execArgv: FLAGS,
    };
    writeFileSync(config, JSON.stringify(settings));
    execFileSync(process.execPath, [...FLAGS, '--experimental-sea-config', config], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    mkdirSync(join(ROOT, 'dist'), { recursive: true });
    rmSync(OUT, { force: true });
    copyFileSync(process.execPath, OUT);
    chmodSync(OUT, 0o755);
    // It warns of a section that it does not know, which does no harm; a failure shows all that it said.
    execFileSync('postject', [OUT, 'NODE_SEA_BLOB', blob, '--sentinel-fuse', FUSE], { stdio: 'pipe' });
    appendFileSync(OUT, readFileSync(enginePath()));
    const version = execFileSync(OUT, ['--version'], { encoding: 'utf8' }).trim();
    process.stdout.write(`${OUT}: qconn-agent ${version}, ${Math.round(statSync(OUT).size / 1e6)} MB\n`);
    return 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();
