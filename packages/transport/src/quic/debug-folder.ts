import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Clock } from '@qconn/clock';
import { QconnError } from '@qconn/protocol';
import type { SocketAddress } from '../connection.ts';
import { ConnectionTrace } from './connection-trace.ts';
import type { NativeConnection } from './native.ts';

/** Modes of what holds secrets: for their owner only. */
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/**
 * Writes the secrets and the doings of each connection to a folder, for whoever has to see into its packets:
 * `ROLE-ID.keys` is a TLS key log as Wireshark reads it, `ROLE-ID.sqlog` a trace in the manner of qlog.
 */
export class DebugFolder {
  readonly #folder: string;
  readonly #clock: Clock;

  /**
   * @param warn told once that secrets are being written, and where
   * @throws QconnError `tls_config` when the folder cannot be made
   */
  constructor(folder: string, clock: Clock, warn: (message: string) => void) {
    this.#folder = path.resolve(folder);
    this.#clock = clock;
    try {
      mkdirSync(this.#folder, { recursive: true, mode: FOLDER_MODE });
    } catch (cause) {
      throw new QconnError('tls_config', `The debug folder ${this.#folder} cannot be made.`, { cause });
    }
    warn(
      `The secrets of every connection are written to ${this.#folder}: whoever reads them reads all traffic. For debugging only.`,
    );
  }

  /** Begins to write what becomes of a connection, whose handshake has not begun. */
  watch(native: NativeConnection, role: 'client' | 'server', remote: SocketAddress): ConnectionTrace {
    const id = Buffer.from(native.sourceId()).toString('hex');
    const name = path.join(this.#folder, `${role}-${id}`);
    writeFileSync(`${name}.keys`, '', { mode: FILE_MODE });
    native.setKeylog(`${name}.keys`);
    const write = (text: string): void => appendFileSync(`${name}.sqlog`, text, { mode: FILE_MODE });
    return new ConnectionTrace({ native, role, id, remote, clock: this.#clock, write });
  }
}
