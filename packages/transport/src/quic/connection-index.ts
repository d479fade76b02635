import { keyOfId } from './packet-header.ts';
import type { QuicConnection } from './quic-connection.ts';

/** The connections of a socket by the ids under which their peers send to them. */
export class ConnectionIndex {
  readonly #byKey = new Map<string, QuicConnection>();
  readonly #keys = new Map<QuicConnection, string[]>();

  find(key: string): QuicConnection | undefined {
    return this.#byKey.get(key);
  }

  add(id: Uint8Array, connection: QuicConnection): void {
    const key = keyOfId(id);
    const keys = this.#keys.get(connection);
    if (keys === undefined) this.#keys.set(connection, [key]);
    else keys.push(key);
    this.#byKey.set(key, connection);
  }

  remove(id: Uint8Array, connection: QuicConnection): void {
    const key = keyOfId(id);
    const keys = this.#keys.get(connection) ?? [];
    const place = keys.indexOf(key);
    if (place < 0) return;
    keys.splice(place, 1);
    this.#byKey.delete(key);
  }

  forget(connection: QuicConnection): void {
    for (const key of this.#keys.get(connection) ?? []) this.#byKey.delete(key);
    this.#keys.delete(connection);
  }
}
