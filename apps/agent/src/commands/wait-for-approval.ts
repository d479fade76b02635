import { connect, type Client, type CredentialStore } from '@qconn/client';
import { systemClock, type Timer } from '@qconn/clock';
import { EXIT_FAILED, EXIT_OK, runUntilSignal } from '@qconn/startup';
import { AGENT } from '../version.ts';
import { duration } from '../words.ts';

/** Longest time for the connection to close after a signal, in milliseconds. */
const CLOSE_DEADLINE_MS = 5_000;

/**
 * Connects, and waits until an administrator has approved the machine or somebody presses Ctrl-C.
 * @param start the command that runs the agent, for people
 * @returns the exit code
 * @throws QconnError what only a person can mend, such as `revoked`
 */
export async function waitForApproval(store: CredentialStore, shortCode: string, start: string): Promise<number> {
  const client = await connect({ credentials: store, agent: AGENT });
  const progress = new ProgressLine(() => `waiting for approval of ${shortCode} (${stateInWords(client)})`);
  let interrupted = false;
  try {
    await runUntilSignal({
      until: client.connected({ phase: 'online' }),
      close: () => {
        interrupted = true;
        return client.close();
      },
      deadlineMs: CLOSE_DEADLINE_MS,
    });
  } finally {
    progress.end();
    await client.close();
  }
  if (interrupted)
    process.stderr.write('Not approved yet. The enrolment stays: start the agent, it goes on waiting.\n');
  else
    process.stderr.write(
      `Approved as ${client.machine?.hostname ?? client.machine?.fingerprint}. Start the agent with \`${start}\`.\n`,
    );
  return interrupted ? EXIT_FAILED : EXIT_OK;
}

function stateInWords({ phase, lastError }: Client): string {
  if (phase === 'pending') return 'the hub has seen this machine';
  return lastError === undefined ? 'connecting to the hub' : `not connected: ${lastError.message}`;
}

/** A line on standard error that is rewritten each second; where nobody watches, it is written once. */
class ProgressLine {
  readonly #text: () => string;
  readonly #begun = systemClock.monotonic();
  #timer: Timer | undefined;

  constructor(text: () => string) {
    this.#text = text;
    if (process.stderr.isTTY) this.#draw();
    else process.stderr.write(`${text()}\n`);
  }

  end(): void {
    this.#timer?.cancel();
    if (process.stderr.isTTY) process.stderr.write('\r\u001B[K');
  }

  #draw(): void {
    const columns = process.stderr.columns ?? 80;
    const line = `${this.#text()} … ${duration(systemClock.monotonic() - this.#begun)}`;
    process.stderr.write(`\r\u001B[K${line.slice(0, columns - 1)}`);
    this.#timer = systemClock.setTimer(1_000, () => this.#draw());
  }
}
