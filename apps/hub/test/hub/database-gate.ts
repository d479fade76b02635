import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A way to a database server that a test can close and open again. */
export class DatabaseGate {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #open = true;

  private constructor(port: number, host: string) {
    this.#server = createServer((near) => {
      if (!this.#open) return void near.destroy();
      const far = connect(port, host);
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on('error', () => socket.destroy()).on('close', () => this.#sockets.delete(socket));
      }
      near.pipe(far).pipe(near);
    });
  }

  /** @returns the gate, and the database's URL through it */
  static async before(databaseUrl: string): Promise<{ gate: DatabaseGate; url: string }> {
    const url = new URL(databaseUrl);
    const gate = new DatabaseGate(Number(url.port || 5432), url.hostname);
    await once(gate.#server.listen(0, '127.0.0.1'), 'listening');
    url.hostname = '127.0.0.1';
    url.port = String((gate.#server.address() as AddressInfo).port);
    return { gate, url: url.href };
  }

  /** Cuts every connection, and lets none through. */
  shut(): void {
    this.#open = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  open(): void {
    this.#open = true;
  }

  close(): void {
    this.shut();
    this.#server.close();
  }
}
