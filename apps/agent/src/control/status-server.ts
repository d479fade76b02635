import { once } from 'node:events';
import { chmod, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { QconnError } from '@qconn/protocol';
import { askStatus } from './ask-status.ts';
import type { RunningStatus } from './agent-status.ts';

/** Askers at once: each is answered at once, so more only come when somebody plays. */
const CONNECTIONS_MAX = 16;

/**
 * Answers whoever connects to a Unix socket with one JSON line. Holding the socket also makes sure that one
 * agent alone uses a credential: two would push each other off the hub for ever.
 */
export class StatusServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(status: () => RunningStatus | undefined) {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      socket.on('error', () => {}); // Whoever asked has gone.
      socket.resume(); // Unread bytes would keep a socket from closing.
      socket.end(`${JSON.stringify(status() ?? null)}\n`);
    });
    this.#server.maxConnections = CONNECTIONS_MAX;
  }

  /**
   * @param status asked for each answer; `undefined` while the agent starts
   * @throws QconnError `agent_running` when another agent answers there, `control_unavailable` when the socket cannot be made
   */
  static async listen(path: string, status: () => RunningStatus | undefined): Promise<StatusServer> {
    if ((await askStatus(path)) !== undefined)
      throw new QconnError('agent_running', `An agent answers at ${path} already.`);
    const server = new StatusServer(status);
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
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
