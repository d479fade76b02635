import { Writable } from 'node:stream';
import { createLog, type Logger, type LogLevel } from '@qconn/startup';

/** A log's line. */
export interface Line {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** A log whose lines a test can read and wait for. */
export class CapturedLog {
  readonly lines: Line[] = [];
  readonly log: Logger;
  #changed: () => void = () => {};

  constructor(level: LogLevel = 'info') {
    const destination = new Writable({
      decodeStrings: false,
      write: (chunk: string | Buffer, _encoding, done) => {
        this.lines.push(JSON.parse(chunk.toString()) as Line);
        this.#changed();
        done();
      },
    });
    this.log = createLog({ component: 'agent', format: 'json', level, destination });
  }

  get messages(): string[] {
    return this.lines.map(({ msg }) => msg);
  }

  /** The first line whose message matches, now or when it comes. */
  async line(message: RegExp): Promise<Line> {
    for (;;) {
      const found = this.lines.find(({ msg }) => message.test(msg));
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => (this.#changed = resolve));
    }
  }
}
