import type { ConfigFile } from './config-file.ts';
import { type Path, pathInWords } from './path.ts';

/** A value that the environment or a flag gave. */
export interface Given {
  readonly path: Path;
  readonly value: unknown;
  /** `environment QCONN_HUB_HTTP_PORT`, `--port`. */
  readonly source: string;
}

/** Where each value of a configuration was written. */
export class Provenance {
  readonly #file: ConfigFile;
  readonly #given = new Map<string, string>();

  /** @param given in order of increasing precedence */
  constructor(file: ConfigFile, given: readonly Given[]) {
    this.#file = file;
    for (const { path, source } of given) this.#given.set(pathInWords(path), source);
  }

  /** The flag, variable, or position in the file; empty for something that was written nowhere. */
  of(path: Path): string {
    for (let length = path.length; length > 0; length -= 1) {
      const source = this.#given.get(pathInWords(path.slice(0, length)));
      if (source !== undefined) return source;
    }
    return this.#file.positionOf(path);
  }
}
