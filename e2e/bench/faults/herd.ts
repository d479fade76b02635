import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { SiteProcess } from '../../src/site-process.ts';

/** Processes that hold the machines of a herd. */
const PROCESSES = 2;

/** What a process of the herd is told. */
export interface HerdTask {
  readonly folder: string;
  readonly hub: string;
  readonly token: string;
  readonly from: number;
  readonly count: number;
}

/** What it says: how many of its machines are online, each time that changes. */
export interface HerdNews {
  readonly online: number;
}

/** How a herd came back. */
export interface HerdFigures {
  readonly machines: number;
  /** From when the hub listened again until the last machine was online, in seconds. */
  readonly onlineS: number;
}

/** A herd loses its hub at once; measured from when the hub listens again until the last machine is online. */
export async function herd(site: SiteProcess, machines: number): Promise<HerdFigures> {
  const token = await site.token(machines);
  const share = Math.ceil(machines / PROCESSES);
  const parts = Array.from({ length: PROCESSES }, (_, n) => {
    const from = n * share;
    const count = Math.min(share, machines - from);
    return new HerdPart({ folder: site.folder, hub: site.api.url.origin, token, from, count });
  });
  try {
    await Promise.all(parts.map((part) => part.until((online) => online === part.count)));
    await site.kill();
    await Promise.all(parts.map((part) => part.until((online) => online === 0)));
    await site.restart();
    const listening = performance.now();
    await Promise.all(parts.map((part) => part.until((online) => online === part.count)));
    return { machines, onlineS: Math.round((performance.now() - listening) / 10) / 100 };
  } finally {
    await Promise.all(parts.map((part) => part.close()));
  }
}

/** A process with some of the machines. */
class HerdPart {
  readonly count: number;
  readonly #process: ChildProcess;
  #online = 0;
  #changed: () => void = () => {};

  constructor(task: HerdTask) {
    this.count = task.count;
    this.#process = fork(join(import.meta.dirname, 'herd-process.ts'), {
      execArgv: ['--conditions=@qconn/source'],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    createInterface({ input: this.#process.stderr! }).on('line', (line) => process.stderr.write(`herd: ${line}\n`));
    this.#process.on('message', ({ online }: HerdNews) => {
      this.#online = online;
      this.#changed();
    });
    this.#process.once('exit', () => this.#changed());
    this.#process.send(task);
  }

  /** @throws Error when the process ends first */
  async until(reached: (online: number) => boolean): Promise<void> {
    while (!reached(this.#online)) {
      if (this.#process.exitCode !== null) throw new Error('a process of the herd has ended');
      await new Promise<void>((resolve) => (this.#changed = resolve));
    }
  }

  async close(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const gone = once(this.#process, 'exit');
    this.#process.disconnect();
    await gone;
  }
}
