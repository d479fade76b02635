import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import type { Clock, Timer } from '@qconn/clock';
import type { QconnError } from '@qconn/protocol';
import { CappedBytes } from './capped-bytes.ts';
import { failed } from './failures.ts';
import { signalGroup } from './process-group.ts';
import { TextTail } from './text-tail.ts';

/** Limits of one run; see ExecSettings. */
export interface RunLimits {
  readonly timeoutMs: number;
  readonly killGraceMs: number;
  readonly answerMaxBytes: number;
}

/** Characters of standard error that go into the reason. */
const STDERR_TAIL = 500;

/** One started program, until nothing of it is left. */
export class ProgramRun {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #clock: Clock;
  readonly #limits: RunLimits;
  readonly #target: string;
  readonly #answer: CappedBytes;
  readonly #stderr = new TextTail(STDERR_TAIL);
  #stopped: QconnError | undefined;
  #timer: Timer;

  /** Resolves when the program has ended and its output has been read. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;

  constructor(
    child: ChildProcessWithoutNullStreams,
    dependencies: { target: string; clock: Clock },
    limits: RunLimits,
  ) {
    this.#child = child;
    this.#clock = dependencies.clock;
    this.#target = dependencies.target;
    this.#limits = limits;
    this.#answer = new CappedBytes(limits.answerMaxBytes);
    const { timeoutMs } = limits;
    this.#timer = this.#clock.setTimer(timeoutMs, () =>
      this.stop(
        failed(
          `${this.#target} did not end within ${timeoutMs} ms and was stopped; part of the job may have been done.`,
        ),
      ),
    );
    child.stdout.on('data', (chunk: Buffer) => this.#take(chunk));
    child.stderr.on('data', (chunk: Buffer) => this.#stderr.push(chunk));
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', () => {}); // A program need not read its input.
    child.once('exit', () => this.#exited());
    this.ended = new Promise((resolve) => child.once('close', (code, signal) => resolve({ code, signal })));
  }

  /** Gives the program its input and waits for its answer. @throws QconnError `handler_failed`, or what it was stopped with */
  async finish(input: Uint8Array): Promise<Uint8Array> {
    this.#child.stdin.end(input);
    const { code, signal } = await this.ended;
    this.#timer.cancel();
    if (this.#stopped !== undefined) throw this.#stopped;
    if (code === 0) return this.#answer.toBytes();
    const how = code === null ? `was ended by ${signal}` : `ended with exit code ${code}`;
    throw failed(`${this.#target} ${how}${this.#stderr.text === '' ? '' : `: ${this.#stderr.text}`}`);
  }

  /** Ends the program and what it has started: SIGTERM, and SIGKILL after the grace. The first reason stays. */
  stop(reason: QconnError): void {
    if (this.#stopped !== undefined) return;
    this.#stopped = reason;
    this.#timer.cancel();
    signalGroup(this.#child, 'SIGTERM');
    this.#timer = this.#clock.setTimer(this.#limits.killGraceMs, () => this.#kill());
  }

  #take(chunk: Buffer): void {
    if (this.#stopped !== undefined || this.#answer.push(chunk)) return;
    const { answerMaxBytes } = this.#limits;
    this.stop(
      failed(
        `${this.#target} wrote more than ${answerMaxBytes} bytes and was stopped; part of the job may have been done.`,
      ),
    );
  }

  /**
   * The program itself has ended. What it left running in its group ends with it; what has left the group and
   * still holds the output open is waited for as long as the grace, and no longer.
   */
  #exited(): void {
    this.#timer.cancel();
    signalGroup(this.#child, 'SIGKILL');
    this.#timer = this.#clock.setTimer(this.#limits.killGraceMs, () => this.#kill());
  }

  #kill(): void {
    signalGroup(this.#child, 'SIGKILL');
    this.#child.stdout.destroy();
    this.#child.stderr.destroy();
  }
}
