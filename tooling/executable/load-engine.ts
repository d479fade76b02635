import { closeSync, fstatSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';

/** The name that the engine has while it is loaded. */
const ENGINE = 'quic.node';

const PIECE_BYTES: number = 64 * 1024;

/** A binary at the end of another file. */
export interface AppendedEngine {
  readonly file: string;
  readonly bytes: number;
}

/**
 * Folders in which the engine may be put to be loaded, first the usual one. A system that is locked down mounts some of them
 * `noexec`, which forbids just that; hardly all.
 * @param program the running one's whole path
 */
export function engineFolders(environment: NodeJS.ProcessEnv, program: string): string[] {
  const { CACHE_DIRECTORY, RUNTIME_DIRECTORY, XDG_RUNTIME_DIR, XDG_CACHE_HOME } = environment;
  const offered = [
    tmpdir(),
    // Of a service: systemd.exec(5).
    CACHE_DIRECTORY,
    RUNTIME_DIRECTORY,
    XDG_RUNTIME_DIR,
    '/dev/shm',
    XDG_CACHE_HOME ?? path.join(homedir(), '.cache'),
    path.dirname(program),
  ];
  return [...new Set(offered.filter((folder) => folder !== undefined && path.isAbsolute(folder)))] as string[];
}

/**
 * The engine comes out of its file into a folder of its owner's, is loaded, and leaves nothing behind. It is read from the file's
 * end: as an asset of Node's it would stay mapped, and so in memory.
 * @param folders where it may be put, in the order in which they are tried
 * @returns what the engine exports
 * @throws Error that says for each folder why not, and what to do
 */
export function loadEngine(engine: AppendedEngine, folders: readonly string[]): unknown {
  const failures: string[] = [];
  for (const folder of folders) {
    try {
      return loadFrom(engine, folder);
    } catch (error) {
      failures.push(`  ${folder}: ${reasonOf(error)}`);
    }
  }
  throw new Error(
    [
      'The QUIC engine has to be unpacked into a folder from which programs can be loaded, and none was found:',
      ...failures,
      'Set TMPDIR to a folder that this user may write to, on a file system that is not mounted with the option noexec.',
    ].join('\n'),
  );
}

function loadFrom(engine: AppendedEngine, parent: string): unknown {
  const folder = mkdtempSync(path.join(parent, 'qconn-agent-'));
  try {
    const file = path.join(folder, ENGINE);
    unpack(engine, file);
    const loaded: { exports: unknown } = { exports: {} };
    process.dlopen(loaded, file);
    return loaded.exports;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function unpack({ file, bytes }: AppendedEngine, target: string): void {
  const from = openSync(file, 'r');
  const to = openSync(target, 'wx', 0o700);
  try {
    const piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
    const end = fstatSync(from).size;
    for (let at = end - bytes; at < end;) {
      const taken = readSync(from, piece, 0, piece.length, at);
      if (taken === 0) throw new Error(`${file} was cut short while it was read`);
      for (let written = 0; written < taken;) written += writeSync(to, piece, written, taken - written);
      at += taken;
    }
  } finally {
    closeSync(from);
    closeSync(to);
  }
}

/** Without the file's path, which says nothing to anybody: it was made for this. */
function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined) return message;
  return code === 'ERR_DLOPEN_FAILED' ? message.replace(/^\S+: /, '') : code;
}
