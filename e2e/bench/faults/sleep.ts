import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startProgram } from '../../src/program.ts';
import type { SiteProcess } from '../../src/site-process.ts';

/** The shortest validity that a hub takes, in milliseconds: the sleep outlives it, and the idle timeout as well. */
export const VALIDITY_MS = 60_000;
const SLEEP_MS: number = VALIDITY_MS + 10_000;

/** How an agent came back from a sleep. */
export interface Awakening {
  readonly asleepS: number;
  /** From when it goes on until it is online, in milliseconds. */
  readonly onlineMs: number;
}

/** A computer sleeps for longer than the certificate lives: its agent is stopped, goes on, and comes back by itself. */
export async function sleep(site: SiteProcess): Promise<Awakening> {
  await site.enrol('sleeper');
  const config = join(site.folder, 'sleeper.yaml');
  writeFileSync(config, `hub: ${site.api.url.origin}\ncredentials: sleeper\n`);
  const agent = startProgram('agent', ['run', '--config', config, '--log-format', 'json']);
  const lines = createInterface({ input: agent.stderr! })[Symbol.asyncIterator]();
  const online = async (): Promise<void> => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true) throw new Error('the agent has ended');
      if (value.includes('online as')) return;
    }
  };
  try {
    await online();
    agent.kill('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, SLEEP_MS));
    agent.kill('SIGCONT');
    const begun = performance.now();
    await online();
    return { asleepS: SLEEP_MS / 1_000, onlineMs: Math.round(performance.now() - begun) };
  } finally {
    agent.kill('SIGKILL');
    await once(agent, 'exit');
  }
}
