import { connect, type Socket } from 'node:net';
import type { Answer, Job } from '@qconn/client';
import type { Clock, Timer } from '@qconn/clock';
import type { QconnError } from '@qconn/protocol';
import type { Adapter, AdapterDependencies } from './adapter.ts';
import { CappedBytes } from './capped-bytes.ts';
import { cancelled, failed, refused, systemErrorInWords, throwIfCancelled } from './failures.ts';
import { jobInput } from './job-input.ts';

/** A device that takes raw bytes over TCP, such as a label printer on port 9100. */
export interface TcpSettings {
  readonly type: 'tcp';
  readonly host: string;
  readonly port: number;
  /** Time for the connection to stand, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** Time for the device to take all bytes, in milliseconds. */
  readonly writeTimeoutMs: number;
  /**
   * When a job counts as done. `closed`: the device has closed the connection after we have closed our side,
   * so it has read everything. `sent`: this system has taken the bytes; for devices that never close.
   */
  readonly doneWhen: 'closed' | 'sent';
  /** With `closed`: time for the device to close after the last byte, in milliseconds. */
  readonly closeTimeoutMs: number;
  /** Answers with what the device sends until it closes. Needs `closed`. */
  readonly readBack: boolean;
  /** With `readBack`: most bytes of the answer. */
  readonly answerMaxBytes: number;
}

/** Opens a connection for each job, writes the body, closes its side. */
export class TcpAdapter implements Adapter {
  readonly target: string;
  readonly #settings: TcpSettings;
  readonly #clock: Clock;

  constructor(settings: TcpSettings, { clock }: AdapterDependencies) {
    const { host, port } = settings;
    this.target = `tcp ${host.includes(':') ? `[${host}]` : host}:${port}`;
    this.#settings = settings;
    this.#clock = clock;
  }

  async handle(job: Job): Promise<Answer> {
    throwIfCancelled(job.signal);
    const socket = await this.#connect(job.signal);
    return this.#exchange(socket, job);
  }

  /** @throws QconnError `rejected`: no byte has been written */
  #connect(signal: AbortSignal): Promise<Socket> {
    const { host, port, connectTimeoutMs } = this.#settings;
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port });
      const settle = (error?: QconnError): void => {
        timer.cancel();
        signal.removeEventListener('abort', abort);
        socket.removeAllListeners();
        if (error === undefined) return resolve(socket);
        socket.on('error', () => {}); // Destroying may still report something; the reason is known.
        socket.destroy();
        reject(error);
      };
      const abort = (): void => settle(cancelled(signal));
      const late = (): void =>
        settle(refused(`${this.target} did not accept a connection within ${connectTimeoutMs} ms.`));
      const timer = this.#clock.setTimer(connectTimeoutMs, late);
      signal.addEventListener('abort', abort);
      socket.once('connect', () => settle());
      socket.once('error', (error) => settle(refused(`${this.target} ${systemErrorInWords(error)}.`, error)));
    });
  }

  #exchange(socket: Socket, job: Job): Promise<Answer> {
    const { signal } = job;
    const { doneWhen, writeTimeoutMs, closeTimeoutMs, readBack, answerMaxBytes } = this.#settings;
    const answer = new CappedBytes(readBack ? answerMaxBytes : 0);
    return new Promise((resolve, reject) => {
      const settle = (error?: QconnError): void => {
        timer.cancel();
        signal.removeEventListener('abort', abort);
        input.destroy();
        socket.removeAllListeners().on('error', () => {});
        // A reset tells the device to drop what it has not used yet.
        if (error === undefined) socket.destroy();
        else socket.resetAndDestroy();
        if (error !== undefined) reject(error);
        else resolve(readBack ? answer.toBytes() : undefined);
      };
      const fail = (what: string, cause?: unknown): void =>
        settle(failed(`${this.target} ${what}; part of the job may have been done.`, cause));
      const abort = (): void => settle(cancelled(signal));
      const writing = (): Timer =>
        this.#clock.setTimer(writeTimeoutMs, () => fail(`did not take the whole job within ${writeTimeoutMs} ms`));
      let timer = writing();
      // Of a job that is streamed each piece has its time.
      const input = jobInput(job, () => {
        if (!job.streamed) return;
        timer.cancel();
        timer = writing();
      });
      input.on('error', (error) => fail(`has not got the whole job: ${error.message}`, error));
      signal.addEventListener('abort', abort);
      socket.once('error', (error) => fail(systemErrorInWords(error), error));
      socket.on('data', (chunk) => {
        if (readBack && !answer.push(chunk)) fail(`answered with more than ${answerMaxBytes} bytes`);
      });
      socket.once('end', () => {
        if (socket.writableFinished) settle();
        else fail('closed the connection before it had taken everything');
      });
      socket.once('finish', () => {
        if (doneWhen === 'sent') return settle();
        timer.cancel();
        const why = `took the job but did not close the connection within ${closeTimeoutMs} ms (if it never does, set doneWhen: sent)`;
        timer = this.#clock.setTimer(closeTimeoutMs, () => fail(why));
      });
      input.pipe(socket);
    });
  }
}
