import { Writable } from 'node:stream';
import pinoPretty from 'pino-pretty';
import { withoutSecrets } from '../secrets.ts';
import type { ErrorFields } from './error-fields.ts';
import { errorLines } from './error-lines.ts';

/** Turns lines into text for people, in this process: a worker thread would lose the last lines of a crash. */
export function prettyStream(destination: NodeJS.WritableStream & { readonly isTTY?: boolean }): {
  write(line: string): void;
} {
  const sink = new Writable({
    decodeStrings: false,
    write: (chunk: string | Buffer, _encoding, done) => {
      destination.write(withoutSecrets(chunk.toString()));
      done();
    },
  });
  return pinoPretty({
    destination: sink,
    sync: true,
    colorize: destination.isTTY === true && process.env['NO_COLOR'] === undefined,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'component,err',
    messageFormat: ({ component, msg, err }) =>
      messageWithError(`${String(component)}: `, msg, err as ErrorFields | undefined),
    singleLine: true,
  });
}

/** An error follows its message, indented; one that was logged alone is the message. */
function messageWithError(prefix: string, msg: unknown, err: ErrorFields | undefined): string {
  const message = typeof msg === 'string' ? msg : '';
  if (err === undefined) return prefix + message;
  const lines = errorLines(err);
  const shown = lines[0] === message ? lines : [message, ...lines].filter((line) => line !== '');
  return prefix + shown.join('\n    ');
}
