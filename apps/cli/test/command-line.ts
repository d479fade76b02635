import { PassThrough } from 'node:stream';
import { run } from '@qconn/cli';

/** What a run of `qconn` gave. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** How to run it; a terminal has a width and answers questions. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Text on standard input. */
  readonly stdin?: string | Uint8Array;
  /** All three streams are a terminal of this many columns; `stdin` is what the person types. */
  readonly columns?: number;
  readonly now?: number;
  /** Told what arrives on standard error, as it does. */
  readonly watch?: (err: string) => void;
  /** The same for standard output. */
  readonly watchOut?: (out: string) => void;
  /** Given a function that acts as Ctrl-C. */
  readonly interruptible?: (interrupt: () => void) => void;
}

/** Runs `qconn` in this process. */
export async function runQconn(argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { env = {}, stdin = '', columns, now, watch, watchOut, interruptible } = options;
  let out = '';
  let err = '';
  const terminal = columns === undefined ? {} : { isTTY: true, columns };
  const code = await run(argv, {
    stdout: {
      write: (chunk) => {
        out += Buffer.from(chunk as Uint8Array).toString();
        watchOut?.(out);
      },
      ...terminal,
    },
    stderr: {
      write: (chunk) => {
        err += Buffer.from(chunk as Uint8Array).toString();
        watch?.(err);
      },
      ...terminal,
    },
    stdin: Object.assign(new PassThrough().end(stdin), columns === undefined ? {} : { isTTY: true }),
    env,
    now: () => now ?? Date.now(),
    onInterrupt: (stop) => {
      interruptible?.(stop);
      return () => undefined;
    },
  });
  return { code, out, err };
}
