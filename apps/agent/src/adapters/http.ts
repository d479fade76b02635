import type { ClientRequest, IncomingMessage, request as requestHttp } from 'node:http';
import type { Answer, Job } from '@qconn/client';
import type { Clock } from '@qconn/clock';
import { isQconnError, type QconnError } from '@qconn/protocol';
import type { Adapter, AdapterDependencies } from './adapter.ts';
import { cancelled, failed, refused, systemErrorInWords, throwIfCancelled } from './failures.ts';
import { readAnswer } from './http-answer.ts';
import { jobFacts } from './job-facts.ts';
import { jobInput } from './job-input.ts';

/** A service that takes each job as a POST. */
export interface HttpSettings {
  readonly type: 'http';
  readonly url: string;
  /** Headers to send with every job. */
  readonly headers: Readonly<Record<string, string>>;
  /** Time for the connection to stand, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** Time from the connection to the end of the answer, in milliseconds. */
  readonly timeoutMs: number;
  readonly answerMaxBytes: number;
}

/** Posts each job's body over a connection of its own; follows no redirects. */
export class HttpAdapter implements Adapter {
  readonly target: string;
  readonly #settings: HttpSettings;
  readonly #clock: Clock;

  constructor(settings: HttpSettings, { clock }: AdapterDependencies) {
    const url = new URL(settings.url);
    this.target = `http ${url.origin}${url.pathname}`;
    this.#settings = settings;
    this.#clock = clock;
  }

  async handle(job: Job): Promise<Answer> {
    // Neither is loaded before a job needs it.
    const { request } = await (this.#isTls ? import('node:https') : import('node:http'));
    throwIfCancelled(job.signal);
    return new Promise((resolve, reject) => {
      const { connectTimeoutMs, timeoutMs, answerMaxBytes } = this.#settings;
      const call = this.#request(request, job);
      // The service has its time from the last piece of the job on.
      const input = jobInput(job, () => {
        if (job.streamed && connected) begun();
      });
      let connected = false;
      const settle = (outcome: Answer | QconnError): void => {
        timer.cancel();
        job.signal.removeEventListener('abort', abort);
        input.destroy();
        // A long answer goes on as it comes; the connection ends with it.
        if (!goesOn(outcome)) call.destroy();
        if (isQconnError(outcome)) reject(outcome);
        else resolve(outcome);
      };
      const abort = (): void => settle(cancelled(job.signal));
      let timer = this.#clock.setTimer(connectTimeoutMs, () =>
        settle(refused(`${this.target} did not accept a connection within ${connectTimeoutMs} ms.`)),
      );
      job.signal.addEventListener('abort', abort);
      // A request has its socket before that is connected; only from then on may the service have seen the job.
      const begun = (): void => {
        connected = true;
        timer.cancel();
        timer = this.#clock.setTimer(timeoutMs, () => settle(this.#broken(`did not answer within ${timeoutMs} ms`)));
      };
      call.once('socket', (socket) => socket.once(this.#isTls ? 'secureConnect' : 'connect', begun));
      call.on('error', (error) =>
        settle(
          connected
            ? this.#broken(systemErrorInWords(error), error)
            : refused(`${this.target} ${systemErrorInWords(error)}.`, error),
        ),
      );
      call.once(
        'response',
        (response: IncomingMessage) =>
          void readAnswer(response, this.target, answerMaxBytes).then(settle, (error: unknown) =>
            settle(asFailure(error, this.target)),
          ),
      );
      input.on('error', (error) => settle(this.#broken(`has not got the whole job (${error.message})`, error)));
      input.pipe(call);
    });
  }

  get #isTls(): boolean {
    return this.#settings.url.startsWith('https:');
  }

  #request(request: typeof requestHttp, job: Job): ClientRequest {
    const { url, headers } = this.#settings;
    const { 'content-type': contentType, ...facts } = jobFacts(job);
    const told = Object.entries(facts).filter(([, value]) => value !== '');
    const idempotency =
      facts['idempotency-key'] === '' ? {} : { 'idempotency-key': asHeader(facts['idempotency-key']) };
    return request(url, {
      method: 'POST',
      agent: false,
      headers: {
        ...headers,
        ...Object.fromEntries(told.map(([name, value]) => [`qconn-${name}`, asHeader(value)])),
        ...idempotency,
        'content-type': asHeader(contentType) || 'application/octet-stream',
        // Not known beforehand, it is left out, and the body goes in chunks.
        ...(job.stream.length === undefined ? {} : { 'content-length': job.stream.length }),
      },
    });
  }

  #broken(what: string, cause?: unknown): QconnError {
    return failed(`${this.target} ${what}; part of the job may have been done.`, cause);
  }
}

/** Header values are ASCII (RFC 9110, section 5.5); the rest of Unicode is percent-encoded. */
function asHeader(value: string): string {
  return value.replaceAll(/[^\x20-\x7E]+/g, encodeURIComponent);
}

function goesOn(outcome: Answer | QconnError): boolean {
  if (typeof outcome !== 'object' || !('body' in outcome) || outcome instanceof Uint8Array) return false;
  return typeof outcome.body === 'object' && !(outcome.body instanceof Uint8Array);
}

function asFailure(error: unknown, target: string): QconnError {
  if (isQconnError(error)) return error;
  return failed(`${target} broke its answer off; part of the job may have been done.`, error);
}
