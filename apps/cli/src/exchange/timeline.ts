import type { Reply, StageReport } from '@qconn/client';
import type { QconnError } from '@qconn/protocol';
import type { Invocation } from '../invocation.ts';
import { printable } from '../output/printable.ts';

/**
 * Tells what becomes of a message as it happens: lines on standard error for people, with the milliseconds
 * since the hub accepted it; with --json one object a line on standard output.
 */
export class Timeline {
  readonly #invocation: Invocation;
  #acceptedAt: number | undefined;

  constructor(invocation: Invocation) {
    this.#invocation = invocation;
  }

  stage({ stage, at, target }: StageReport): void {
    this.#acceptedAt ??= at;
    const ms = Math.round((at - this.#acceptedAt) * 10) / 10;
    const where = target === undefined ? '' : `  ${target.hostname || target.fingerprint} / ${target.device}`;
    this.#tell(
      { event: 'stage', stage, ms, at: new Date(at).toISOString(), target },
      `${ms.toFixed(1).padStart(9)} ms  ${stage.padEnd(12)}${printable(where)}`,
    );
  }

  /** @param json what the provider said, if it gave JSON */
  progress(body: Uint8Array, json: unknown): void {
    const text = Buffer.from(body).toString('utf8');
    this.#tell({ event: 'progress', text, json }, `${' '.repeat(14)}progress: ${printable(text)}`);
  }

  /** @param body unless it was streamed @param out the file that the body was written to; without one, JSON carries the body itself */
  reply({ headers }: Reply, bytes: number, body: Uint8Array | undefined, out: string | undefined): void {
    const content = out === undefined ? { bodyBase64: Buffer.from(body ?? []).toString('base64') } : { file: out };
    if (this.#invocation.json) this.#line({ event: 'reply', headers, bytes, ...content });
    else for (const [name, value] of Object.entries(headers)) this.#invocation.note(printable(`${name}: ${value}`));
  }

  /** For programs; people are told in sentences elsewhere. */
  failure({ code, message, action, retrySafe, retryAfterMs }: QconnError): void {
    if (this.#invocation.json) this.#line({ event: 'failed', code, reason: message, action, retrySafe, retryAfterMs });
  }

  #tell(event: object, forPeople: string): void {
    if (this.#invocation.json) this.#line(event);
    else this.#invocation.note(forPeople.trimEnd());
  }

  #line(event: object): void {
    this.#invocation.surroundings.stdout.write(`${JSON.stringify(event)}\n`);
  }
}
