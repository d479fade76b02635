import { spawn } from 'node:child_process';
import type { Clock, Timer } from '@qconn/clock';
import type { Logger } from '@qconn/startup';

/** What a notifier works with. */
export interface NotifierDependencies {
  readonly clock: Clock;
  readonly log: Logger;
  readonly environment?: NodeJS.ProcessEnv;
}

/**
 * Tells systemd that the agent is ready, how it is doing, and that it is alive (sd_notify(3)). Node has no datagram sockets
 * of the Unix kind, so systemd's own program does the talking. Without systemd it does nothing.
 */
export class ServiceNotifier {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #listening: boolean;
  readonly #watchdogMs: number | undefined;
  #timer: Timer | undefined;
  #told = '';
  #failed = false;

  constructor({ clock, log, environment = process.env }: NotifierDependencies) {
    this.#clock = clock;
    this.#log = log;
    this.#listening = (environment['NOTIFY_SOCKET'] ?? '') !== '';
    const forUs = (environment['WATCHDOG_PID'] ?? String(process.pid)) === String(process.pid);
    const watchdogMs = Number(environment['WATCHDOG_USEC']) / 1_000;
    this.#watchdogMs = this.#listening && forUs && watchdogMs > 0 ? watchdogMs : undefined;
  }

  /** The agent serves; from now on it says regularly that it is alive. */
  ready(): void {
    this.#notify('--ready', `--pid=${process.pid}`);
    this.#alive();
  }

  /** How the agent is doing, for `systemctl status`. */
  status(text: string): void {
    if (text === this.#told) return;
    this.#told = text;
    this.#notify(`--status=${text}`);
  }

  /** The agent stops. */
  stopping(): void {
    this.#timer?.cancel();
    this.#notify('STOPPING=1');
  }

  /** At half the time after which systemd would act, as it recommends. */
  #alive(): void {
    if (this.#watchdogMs === undefined) return;
    this.#timer = this.#clock.setTimer(this.#watchdogMs / 2, () => {
      this.#notify('WATCHDOG=1');
      this.#alive();
    });
  }

  #notify(...words: string[]): void {
    if (!this.#listening) return;
    const child = spawn('systemd-notify', words, { stdio: 'ignore' });
    child.once('error', (error) => this.#cannot(error.message));
    child.once('exit', (code) => {
      if (code !== 0) this.#cannot(`systemd-notify ended with ${code}`);
    });
  }

  #cannot(why: string): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#log.warn(`systemd cannot be told how the agent is doing: ${why}`);
  }
}
