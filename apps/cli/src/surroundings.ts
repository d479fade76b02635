import type { Readable } from 'node:stream';

/** Where text goes: a terminal, a file, a pipe. */
export interface Screen {
  write(chunk: string | Uint8Array): unknown;
  readonly isTTY?: boolean | undefined;
  /** Width in characters, of a terminal. */
  readonly columns?: number | undefined;
}

/** All that the command line touches besides the network and files: a test passes its own. */
export interface Surroundings {
  /** Results. */
  readonly stdout: Screen;
  /** Everything that is said about them: questions, notes, errors, the timeline of a message. */
  readonly stderr: Screen;
  readonly stdin: Readable & { readonly isTTY?: boolean | undefined };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /**
   * Has Ctrl-C call `stop` instead of ending the process.
   * @returns a function that takes it back
   */
  readonly onInterrupt: (stop: () => void) => () => void;
}
