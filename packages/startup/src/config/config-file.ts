import { readFileSync, statSync } from 'node:fs';
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Document,
  type Node,
  parseDocument,
  type YAMLError,
} from 'yaml';
import type { Mistake } from './mistake.ts';
import type { Path } from './path.ts';

/** Most bytes of a configuration file: a thousand times what one needs. */
export const CONFIG_FILE_MAX_BYTES: number = 1024 * 1024;

/** Most uses of aliases in one file: enough for people, too few for a bomb. */
const ALIASES_MAX = 50;

/** A configuration file that was read: its value, and where in it each key stands. */
export interface ConfigFile {
  readonly value: Record<string, unknown>;
  /** False when a file was named that could not be read: then nobody knows what it would have set. */
  readonly readable: boolean;
  /** `hub.yaml:3:5`, of the key or of the nearest thing above it; empty when there is no file. */
  positionOf(path: Path): string;
}

/** Reads a YAML file. What cannot be read is a mistake, and counts as an empty file. */
export function readConfigFile(
  file: string | undefined,
  mistakes: Mistake[],
  maxBytes: number = CONFIG_FILE_MAX_BYTES,
): ConfigFile {
  if (file === undefined) return fileWithoutKeys('', true);
  const text = readText(file, mistakes, maxBytes);
  return text === undefined ? fileWithoutKeys(file, false) : parseConfigFile(text, file, mistakes);
}

function readText(file: string, mistakes: Mistake[], maxBytes: number): string | undefined {
  try {
    const { size } = statSync(file);
    if (size <= maxBytes) return readFileSync(file, 'utf8');
    mistakes.push({ source: file, path: '', message: `has ${size} bytes; the limit is ${maxBytes}` });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const message = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
    mistakes.push({ source: file, path: '', message });
  }
  return undefined;
}

function parseConfigFile(text: string, file: string, mistakes: Mistake[]): ConfigFile {
  const lines = new LineCounter();
  // Pretty errors quote the line, which may hold a secret.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true, merge: false });
  const positionAt = (offset: number | undefined): string => {
    const { line, col } = lines.linePos(offset ?? 0);
    return `${file}:${line}:${col}`;
  };
  const faults = [...document.errors, ...document.warnings];
  for (const fault of faults) {
    mistakes.push({ source: positionAt(fault.pos[0]), path: '', message: faultInWords(fault) });
  }
  if (faults.length > 0) return fileWithoutKeys(file, false);
  const value = toObject(document, file, mistakes);
  return value === undefined
    ? fileWithoutKeys(file, false)
    : { value, readable: true, positionOf: (path) => positionAt(offsetOf(document, path)) };
}

function toObject(document: Document, file: string, mistakes: Mistake[]): Record<string, unknown> | undefined {
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: ALIASES_MAX }) ?? {};
  } catch {
    mistakes.push({
      source: file,
      path: '',
      message: `uses aliases more than ${ALIASES_MAX} times, or one that is not defined`,
    });
    return undefined;
  }
  if (typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
  mistakes.push({ source: file, path: '', message: 'must hold keys and values' });
  return undefined;
}

/** Where a key stands, or else the deepest thing on the way to it that the file has. */
function offsetOf(document: Document, path: Path): number | undefined {
  let node = document.contents as Node | null | undefined;
  let offset = node?.range?.[0];
  for (const part of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
      if (pair === undefined) break;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value as Node | null;
    } else if (isSeq(node) && typeof part === 'number') {
      node = node.items[part] as Node | undefined;
      offset = node?.range?.[0] ?? offset;
    } else break;
  }
  return offset;
}

/** What is wrong with the YAML. What follows a colon in the parser's message is quoted from the file: left out. */
function faultInWords({ code, message }: YAMLError): string {
  switch (code) {
    case 'DUPLICATE_KEY':
      return 'repeats a key';
    case 'MULTIPLE_DOCS':
      return 'begins a second document; a configuration is one';
    case 'TAG_RESOLVE_FAILED':
      return 'has a tag (!…) that means nothing here';
    case 'UNEXPECTED_TOKEN':
      return 'is not valid YAML: there is something here that should not be';
    default:
      return `is not valid YAML: ${message.split(':')[0]}`;
  }
}

function fileWithoutKeys(source: string, readable: boolean): ConfigFile {
  return { value: {}, readable, positionOf: () => source };
}
