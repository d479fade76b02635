import { pino, type Logger as PinoLogger } from 'pino';
import { HIDDEN, withoutSecrets } from '../secrets.ts';
import { errorFields } from './error-fields.ts';
import { prettyStream } from './pretty-stream.ts';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
export type LogFormat = 'auto' | 'json' | 'pretty';

/** A component's log. `log.child({ session })` makes one that repeats fields on every line. */
export type Logger = PinoLogger;

export interface LogOptions {
  /** The program or the part of it that speaks: `hub`, `agent`. On every line. */
  readonly component: string;
  /** `info` when left out. From `debug` on, every error is written with its stack. */
  readonly level?: LogLevel;
  /** `auto`, the default: for people on a terminal, JSON lines elsewhere. */
  readonly format?: LogFormat;
  /** Standard error when left out, so that standard output stays for a program's own output. */
  readonly destination?: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

/** Fields whose value is never written, at the top of a line and two levels down, whatever it looks like. */
const SECRET_FIELDS = [
  'token',
  'secret',
  'password',
  'apiKey',
  'privateKey',
  'privateKeyPem',
  'keyPem',
  'authorization',
  'cookie',
];

/**
 * Makes a log. Lines are written at once and in this process: a crash loses none, and nothing is left open.
 * An error goes in as `{ err: error }`, or alone. Secrets are hidden by their field's name and by their look.
 */
export function createLog({
  component,
  level = 'info',
  format = 'auto',
  destination = process.stderr,
}: LogOptions): Logger {
  const withStacks = level === 'debug' || level === 'trace';
  const pretty = format === 'pretty' || (format === 'auto' && destination.isTTY === true);
  return pino(
    {
      level,
      base: { component },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: (error: unknown) => errorFields(error, withStacks) },
      redact: { paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]), censor: HIDDEN },
    },
    pretty ? prettyStream(destination) : scrubbing(destination),
  );
}

function scrubbing(destination: NodeJS.WritableStream): { write(line: string): void } {
  return { write: (line) => void destination.write(withoutSecrets(line)) };
}
