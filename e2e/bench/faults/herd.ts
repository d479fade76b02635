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

/** What it says: one of its machines has come online, or has tried in vain. */
export interface HerdNews {
  readonly arrived: boolean;
  /** Milliseconds, of the same clock in every process. */
  readonly at: number;
}

/** How a herd came back. */
export interface HerdFigures {
  readonly machines: number;
  /** From when the hub listened again until the last machine was online, in seconds. */
  readonly onlineS: number;
  /** Tries that came to nothing while the hub listened. */
  readonly refused: number;
  /** The longest time in which tries came to nothing and none succeeded, in seconds. */
  readonly refusedS: number;
}

/**
 * A herd loses its hub, which is killed and started again at once, as after a crash; measured from when it listens until
 * the last machine is online again. Most learn of it only from the answer to their next keepalive.
 */
export async function herd(site: SiteProcess, machines: number): Promise<HerdFigures> {
  const token = await site.token(machines);
  const share = Math.ceil(machines / PROCESSES);
  const parts = Array.from({ length: PROCESSES }, (_, n) => {
    const from = n * share;
    const count = Math.min(share, machines - from);
    return new HerdPart({ folder: site.folder, hub: site.api.url.origin, token, from, count });
  });
  try {
    await Promise.all(parts.map((part) => part.until(part.count)));
    await site.kill();
    await site.restart();
    const listening = performance.timeOrigin + performance.now();
    await Promise.all(parts.map((part) => part.until(2 * part.count)));
    const news = parts.flatMap((part) => part.news).filter(({ at }) => at > listening);
    const refused = news.filter(({ arrived }) => !arrived).length;
    const last = Math.max(...news.map(({ at }) => at));
    return { machines, onlineS: seconds(last - listening), refused, refusedS: seconds(longestRefusal(news)) };
  } finally {
    await Promise.all(parts.map((part) => part.close()));
  }
}

/** From the first try that came to nothing until the next success, at the longest, in milliseconds. */
function longestRefusal(news: readonly HerdNews[]): number {
  let since: number | undefined;
  let longest = 0;
  for (const { arrived, at } of news.toSorted((a, b) => a.at - b.at)) {
    if (!arrived) since ??= at;
    else if (since !== undefined) {
      longest = Math.max(longest, at - since);
      since = undefined;
    }
  }
  return longest;
}

function seconds(ms: number): number {
  return Math.round(ms / 10) / 100;
}

/** A process with some of the machines. */
class HerdPart {
  readonly count: number;
  readonly #process: ChildProcess;
  readonly news: HerdNews[] = [];
  #arrivals = 0;
  #changed: () => void = () => {};

  constructor(task: HerdTask) {
    this.count = task.count;
    this.#process = fork(join(import.meta.dirname, 'herd-process.ts'), {
      execArgv: ['--conditions=@qconn/source'],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    createInterface({ input: this.#process.stderr! }).on('line', (line) => process.stderr.write(`herd: ${line}\n`));
    this.#process.on('message', (one: HerdNews) => {
      this.news.push(one);
      if (one.arrived) this.#arrivals += 1;
      this.#changed();
    });
    this.#process.once('exit', () => this.#changed());
    this.#process.send(task);
  }

  /** Resolves when its machines have come online so often in all. @throws Error when the process ends first */
  async until(arrivals: number): Promise<void> {
    while (this.#arrivals < arrivals) {
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
