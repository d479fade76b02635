import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { LimsCall, LimsMessage } from './lims-program.ts';

/** An answer of the laboratory system. */
export type LimsAnswer = Exclude<LimsMessage, { kind: 'stage' }>;

/** The laboratory system's process, seen from the demo. One call at a time. */
export class Lims {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static start(): Lims {
    const program = fileURLToPath(new URL('lims-program.ts', import.meta.url));
    return new Lims(
      fork(program, [], {
        execArgv: ['--conditions=@qconn/source'],
        serialization: 'advanced',
        detached: true,
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      }),
    );
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Makes a call. Never rejects for a refusal: that is an answer too. @throws Error when the process ends first */
  call(
    call: LimsCall,
    onStage: (stage: Extract<LimsMessage, { kind: 'stage' }>) => void = () => {},
  ): Promise<LimsAnswer> {
    return new Promise((resolve, reject) => {
      const child = this.#child;
      const settle = (): void => {
        child.off('message', take);
        child.off('exit', exited);
      };
      const exited = (): void => {
        settle();
        reject(new Error('the laboratory system’s process ended'));
      };
      const take = (message: LimsMessage): void => {
        if (message.kind === 'stage') return onStage(message);
        settle();
        resolve(message);
      };
      child.on('message', take);
      child.once('exit', exited);
      child.send(call);
    });
  }

  /** Makes a call that has to succeed. @throws Error with the code and message of the refusal */
  async done(
    call: LimsCall,
    onStage?: (stage: Extract<LimsMessage, { kind: 'stage' }>) => void,
  ): Promise<{ readonly value: unknown; readonly ms: number }> {
    const answer = await this.call(call, onStage);
    if (answer.kind === 'failed') throw new Error(`${call.call}: ${answer.message} (${answer.code})`);
    return { value: answer.value, ms: answer.ms };
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }
}
