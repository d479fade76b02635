import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { Clock, Timer } from '@qconn/clock';
import type { Job } from '@qconn/client';
import type { QconnError } from '@qconn/protocol';
import { jobInput } from './job-input.ts';
import { growingAnswer, type GrowingAnswer } from './growing-answer.ts';
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
    this.#timer = this.#armTimeout();
    child.stderr.on('data', (chunk: Buffer) => this.#stderr.push(chunk));
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', () => {}); // A program need not read its input.
    child.once('exit', () => this.#exited());
    this.ended = new Promise((resolve) => child.once('close', (code, signal) => resolve({ code, signal })));
  }

  /**
   * Gives the program its input and waits for its answer. One that is too long for a frame goes on as it comes, and is
   * cut if the program then fails.
   * @throws QconnError `handler_failed`, or what it was stopped with
   */
  async finish(job: Job): Promise<GrowingAnswer> {
    if (job.streamed) this.#feed(job);
    else this.#child.stdin.end(job.body);
    const { answerMaxBytes } = this.#limits;
    try {
      return await growingAnswer(
        outputOf(this.#child.stdout),
        answerMaxBytes,
        () => this.#tooMuch(),
        () => this.#endedWell(),
      );
    } catch (error) {
      // Output that breaks off is what ending the program looks like: why it ended says more.
      await this.#endedWell();
      throw error;
    }
  }

  /** Ends the program and what it has started: SIGTERM, and SIGKILL after the grace. The first reason stays. */
  stop(reason: QconnError): void {
    if (this.#stopped !== undefined) return;
    this.#stopped = reason;
    this.#timer.cancel();
    signalGroup(this.#child, 'SIGTERM');
    this.#timer = this.#clock.setTimer(this.#limits.killGraceMs, () => this.#kill());
  }

  /** A body that comes by and by: each piece that the program has taken gives it its time anew. */
  #feed(job: Job): void {
    const input = jobInput(job, () => {
      if (this.#stopped !== undefined) return;
      this.#timer.cancel();
      this.#timer = this.#armTimeout();
    });
    input.on('error', (error) =>
      this.stop(failed(`${this.#target} has not got the whole job and was stopped: ${error.message}`, error)),
    );
    void this.ended.then(() => input.destroy());
    input.pipe(this.#child.stdin);
  }

  async #endedWell(): Promise<void> {
    const { code, signal } = await this.ended;
    this.#timer.cancel();
    if (this.#stopped !== undefined) throw this.#stopped;
    if (code === 0) return;
    const how = code === null ? `was ended by ${signal}` : `ended with exit code ${code}`;
    throw failed(`${this.#target} ${how}${this.#stderr.text === '' ? '' : `: ${this.#stderr.text}`}`);
  }

  #armTimeout(): Timer {
    const { timeoutMs } = this.#limits;
    return this.#clock.setTimer(timeoutMs, () =>
      this.stop(
        failed(
          `${this.#target} did not end within ${timeoutMs} ms and was stopped; part of the job may have been done.`,
        ),
      ),
    );
  }

  #tooMuch(): QconnError {
    const { answerMaxBytes } = this.#limits;
    const error = failed(
      `${this.#target} wrote more than ${answerMaxBytes} bytes and was stopped; part of the job may have been done.`,
    );
    this.stop(error);
    return error;
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

/** Output that was cut because a process held it open ends there: the program's exit says what it is worth. */
async function* outputOf(stdout: Readable): AsyncGenerator<Buffer, void> {
  try {
    yield* stdout as AsyncIterable<Buffer>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}
