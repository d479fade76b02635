import type { Agent, AgentOptions, RequestOptions } from 'node:https';
import { QconnError } from '@qconn/protocol';
import { connectionFailure } from './connection-failure.ts';
import { hostOf, parseHubUrl, portOf } from './hub-url.ts';
import { problemError } from './problem.ts';
import { readAnswer } from './read-answer.ts';

/** Longest wait for an answer of the hub's API, in milliseconds. */
const ANSWER_DEADLINE_MS = 15_000;

/** Most bytes of an answer: a page of any list is far below. */
const ANSWER_MAX_BYTES: number = 8 * 1024 * 1024;

/**
 * The hub's HTTPS API for one caller. Trusts the given roots and nothing else. Node's HTTPS is loaded by the first call:
 * a machine that is enrolled may live for months without one.
 */
export class HubHttps {
  readonly url: URL;
  readonly #options: AgentOptions;
  #agent: Agent | undefined;
  readonly #key: string | undefined;

  /**
   * @param options.trustPem the hub's root certificates
   * @param options.key API key (`qk_…`), for calls that need one
   * @param options.machine a machine's key and chain, PEM, to call as that machine
   * @throws QconnError `usage` for anything but an https URL
   */
  constructor(options: {
    readonly url: string | URL;
    readonly trustPem: readonly string[];
    readonly key?: string | undefined;
    readonly machine?: { readonly keyPem: string; readonly chainPem: readonly string[] } | undefined;
  }) {
    this.url = parseHubUrl(options.url);
    this.#key = options.key;
    const { machine } = options;
    this.#options = {
      ca: [...options.trustPem],
      ...(machine && { key: machine.keyPem, cert: machine.chainPem.join('') }),
      minVersion: 'TLSv1.3',
      keepAlive: true,
    };
  }

  /**
   * Makes a call.
   * @param path such as `/v1/machines`
   * @param extraHeaders by lower-case name, such as `if-match`
   * @returns the answer's JSON; `undefined` for an empty answer
   * @throws QconnError the hub's own error with its code, or `unreachable`, `hub_untrusted`
   */
  async call(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: unknown,
    extraHeaders: Readonly<Record<string, string>> = {},
  ): Promise<unknown> {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const answer = await this.#ask(method, path, payload, { ...extraHeaders, accept: 'application/json' });
    return answer === '' ? undefined : parseJson(answer, this.url);
  }

  /** Reads what is no JSON, such as metrics. @throws QconnError as {@link call} */
  async text(path: string): Promise<string> {
    return this.#ask('GET', path, undefined, { accept: 'text/plain' });
  }

  async #ask(
    method: string,
    path: string,
    payload: string | undefined,
    given: Readonly<Record<string, string>>,
  ): Promise<string> {
    const headers: Record<string, string> = { ...given };
    if (payload !== undefined) headers['content-type'] = 'application/json';
    if (this.#key !== undefined) headers['authorization'] = `Bearer ${this.#key}`;
    const target = { host: hostOf(this.url), port: portOf(this.url), path, method, headers };
    const answer = await this.#send({ ...target, timeout: ANSWER_DEADLINE_MS }, payload);
    // A hub redirects nobody.
    if (answer.status >= 300)
      throw problemError(answer.status, answer.text === '' ? undefined : parseJson(answer.text, this.url));
    return answer.text;
  }

  /** Closes idle connections. */
  close(): void {
    this.#agent?.destroy();
  }

  async #send(options: RequestOptions, payload: string | undefined): Promise<{ status: number; text: string }> {
    const { Agent: HttpsAgent, request } = await import('node:https');
    const agent = (this.#agent ??= new HttpsAgent(this.#options));
    return new Promise((resolve, reject) => {
      const call = request({ ...options, agent }, (answer) => {
        readAnswer(answer, ANSWER_MAX_BYTES).then(
          (text) => resolve({ status: answer.statusCode ?? 0, text }),
          (error: Error) => reject(connectionFailure(error, this.url)),
        );
      });
      call.once('timeout', () =>
        call.destroy(
          new QconnError('unreachable', `${this.url.host} did not answer within ${ANSWER_DEADLINE_MS / 1000} s.`),
        ),
      );
      call.once('error', (error) => reject(connectionFailure(error, this.url)));
      call.end(payload);
    });
  }
}

function parseJson(text: string, url: URL): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new QconnError(
      'unreachable',
      `${url.host} answered with something that is not JSON: it is not a qconn hub.`,
      { cause },
    );
  }
}
