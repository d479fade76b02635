import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { engineFolders, loadEngine } from '../executable/load-engine.ts';

const LOADER = path.resolve(import.meta.dirname, '../executable/load-engine.ts');
const ON_NOEXEC = 'mount -t tmpfs -o noexec,size=64m tmpfs "$1" && shift && exec "$@"';
const PROGRAM = `
import { loadEngine } from ${JSON.stringify(LOADER)};
const [file, bytes, ...folders] = process.argv.slice(1);
try {
  console.log(typeof loadEngine({ file, bytes: Number(bytes) }, folders).Connection);
} catch (error) {
  console.log(error.message);
}`;

/** The engine's binary, as the one that builds the single file finds it. */
function engine(): string {
  const wrapper = realpathSync(path.resolve('packages/transport/node_modules/@matrixai/quic/package.json'));
  return createRequire(wrapper).resolve('@matrixai/quic-linux-x64');
}

describe.runIf(process.platform === 'linux' && process.arch === 'x64')('the engine of the single file', () => {
  let folder: string;
  let [locked, other] = ['', ''];

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'qconn-engine-'));
    [locked, other] = [path.join(folder, 'locked'), path.join(folder, 'other')];
    mkdirSync(other);
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  /** Loads it in a process for which `locked` is mounted noexec; where this user cannot mount, it is a file. */
  function load(...folders: string[]): { said: string; noexec: boolean } {
    const program = ['--input-type=module', '-e', PROGRAM, engine(), String(statSync(engine()).size), ...folders];
    const unshared = (command: readonly string[]): string[] => [
      '--mount',
      '--map-root-user',
      'sh',
      '-c',
      ON_NOEXEC,
      'sh',
      locked,
      ...command,
    ];
    mkdirSync(locked);
    const noexec = spawnSync('unshare', unshared(['true'])).status === 0;
    if (!noexec) {
      console.warn('No tmpfs can be mounted here: the folder is a file instead of one that is mounted noexec.');
      rmSync(locked, { recursive: true });
      writeFileSync(locked, '');
    }
    const { stdout, stderr } = noexec
      ? spawnSync('unshare', unshared([process.execPath, ...program]), { encoding: 'utf8' })
      : spawnSync(process.execPath, program, { encoding: 'utf8' });
    return { said: stdout.trim() || stderr, noexec };
  }

  test('is loaded from the next folder where the first is mounted noexec, and leaves nothing there', () => {
    expect(load(locked, other).said).toBe('function');
    expect(readdirSync(other)).toEqual([]);
  });

  test('says of each folder why not, and what to do, where no folder will do', () => {
    const { said, noexec } = load(locked, path.join(folder, 'nowhere'));
    expect(said).toContain(`${locked}: ${noexec ? 'failed to map segment from shared object' : 'ENOTDIR'}`);
    expect(said).toContain('nowhere: ENOENT');
    expect(said).toMatch(/Set TMPDIR .* noexec\.$/);
  });
});

test('a file that ends too soon is no engine, and nothing is left of the try', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'qconn-engine-'));
  try {
    const file = path.join(folder, 'program');
    writeFileSync(file, 'no engine');
    expect(() => loadEngine({ file, bytes: 9 }, [folder])).toThrow(/has to be unpacked[^]+Set TMPDIR/);
    expect(readdirSync(folder)).toEqual(['program']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the usual folder comes first, then those that a service or a user is given, then where the program lies', () => {
  const environment = {
    CACHE_DIRECTORY: '/var/cache/qconn-agent',
    XDG_RUNTIME_DIR: '/run/user/7',
    XDG_CACHE_HOME: 'here',
  };
  expect(engineFolders(environment, '/opt/qconn/qconn-agent')).toEqual([
    tmpdir(),
    '/var/cache/qconn-agent',
    '/run/user/7',
    '/dev/shm',
    '/opt/qconn',
  ]);
});
