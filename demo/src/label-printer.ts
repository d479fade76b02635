import { createHash } from 'node:crypto';
import { createServer, type AddressInfo, type Server } from 'node:net';

/**
 * Stands for a label printer as port 9100 of one behaves: takes bytes over raw TCP until the sender
 * has finished, and closes.
 */
export class LabelPrinter {
  readonly #server: Server;
  readonly #jobs: { readonly bytes: number; readonly sha256: string }[] = [];

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<LabelPrinter> {
    const server = createServer({ allowHalfOpen: true });
    const printer = new LabelPrinter(server);
    server.on('connection', (socket) => {
      const hash = createHash('sha256');
      let bytes = 0;
      socket.on('data', (chunk) => {
        hash.update(chunk);
        bytes += chunk.length;
      });
      socket.once('end', () => {
        printer.#jobs.push({ bytes, sha256: hash.digest('hex') });
        socket.end();
      });
      socket.once('error', () => socket.destroy());
    });
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
    return printer;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** What has been printed, in order. */
  get jobs(): readonly { readonly bytes: number; readonly sha256: string }[] {
    return this.#jobs;
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
