import { Writable } from 'node:stream';
import { createLog, type Logger } from '@qconn/startup';

/** A line of the hub's log. */
export interface LogLine {
  readonly event?: string;
  readonly level: string;
  readonly err?: { readonly code?: string; readonly message?: string };
  readonly [field: string]: unknown;
}

/** A log whose lines a test can look at and wait for. */
export class CapturedLog {
  readonly lines: LogLine[] = [];
  readonly #waiting = new Set<() => void>();
  readonly logger: Logger;

  constructor() {
    const destination = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        for (const line of chunk.toString().trimEnd().split('\n')) this.lines.push(JSON.parse(line) as LogLine);
        for (const look of this.#waiting) look();
        done();
      },
    });
    this.logger = createLog({ component: 'hub', level: 'debug', format: 'json', destination });
  }

  /** The first line of an event that satisfies a condition, written already or still to come. */
  async line(event: string, condition: (line: LogLine) => boolean = () => true): Promise<LogLine> {
    const find = (): LogLine | undefined => this.lines.find((line) => line.event === event && condition(line));
    return new Promise((resolve) => {
      const look = (): void => {
        const found = find();
        if (found === undefined) return;
        this.#waiting.delete(look);
        resolve(found);
      };
      this.#waiting.add(look);
      look();
    });
  }
}
