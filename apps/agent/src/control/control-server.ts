import { once } from 'node:events';
import { chmod, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { QconnError } from '@qconn/protocol';
import { askAgent } from './ask-agent.ts';

/** Askers at once. */
const CONNECTIONS_MAX = 64;

/** Time for a request's head to come, in milliseconds: its sender is on this machine. */
const HEAD_DEADLINE_MS = 5_000;

/** A request over the socket, as a route gets it. */
export interface ControlRequest {
  readonly query: URLSearchParams;
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  /** Fires when the asker has gone. */
  readonly signal: AbortSignal;
}

/**
 * Answers a request: with a value, which is sent as JSON, or by itself through `response`.
 * @throws QconnError which is sent with its HTTP status
 */
export type ControlRoute = (request: ControlRequest) => unknown;

/** What can be asked, by method and path: `GET /status`. */
export type ControlRoutes = Readonly<Record<string, ControlRoute>>;

/**
 * Answers over a Unix socket that is its owner's alone, in HTTP, so that `curl --unix-socket` is client enough.
 * Holding the socket also makes sure that one agent alone uses a credential: two would push each other off the hub
 * for ever.
 */
export class ControlServer {
  readonly #server: Server;

  private constructor(routes: () => ControlRoutes | undefined) {
    this.#server = createServer({ headersTimeout: HEAD_DEADLINE_MS, requestTimeout: 0 }, (message, response) => {
      void answer(routes(), message, response);
    });
    this.#server.maxConnections = CONNECTIONS_MAX;
  }

  /**
   * @param routes asked for each request; `undefined` while the agent starts
   * @throws QconnError `agent_running` when another agent answers there, `control_unavailable` when the socket cannot be made
   */
  static async listen(path: string, routes: () => ControlRoutes | undefined): Promise<ControlServer> {
    if ((await askAgent(path, 'GET /status')) !== undefined)
      throw new QconnError('agent_running', `An agent answers at ${path} already.`);
    const server = new ControlServer(routes);
    try {
      await rm(path, { force: true }); // Left by an agent that was killed.
      server.#server.listen(path);
      await once(server.#server, 'listening');
      await chmod(path, 0o600);
    } catch (cause) {
      throw new QconnError('control_unavailable', `The socket ${path} cannot be made.`, { cause });
    }
    return server;
  }

  /** Stops answering and removes the socket. */
  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function answer(
  routes: ControlRoutes | undefined,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  response.on('error', () => {}); // Whoever asked has gone.
  try {
    if (routes === undefined) throw new QconnError('invalid_state', 'The agent is starting.');
    const { pathname, searchParams } = new URL(message.url ?? '/', 'http://agent');
    const route = `${message.method} ${pathname}`;
    const take = Object.hasOwn(routes, route) ? routes[route] : undefined;
    if (take === undefined) throw new QconnError('unknown_object', `The agent does not answer ${route}.`);
    const value = await take({ query: searchParams, message, response, signal: gone.signal });
    if (value !== undefined) send(response, 200, value);
  } catch (cause) {
    const error = cause instanceof QconnError ? cause : new QconnError('internal', undefined, { cause });
    if (response.headersSent) return void response.destroy();
    const { code, message: text, action, retrySafe, retryAfterMs } = error;
    send(response, error.httpStatus, { code, message: text, action, retrySafe, retryAfterMs });
  } finally {
    message.resume(); // Unread bytes would keep the connection from ending.
  }
}

function send(response: ServerResponse, status: number, value: unknown): void {
  // A connection for each request: nothing is gained by keeping one, and a stop need not wait for it.
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
  response.end(`${JSON.stringify(value)}\n`);
}
