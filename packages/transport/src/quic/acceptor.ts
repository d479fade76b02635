import { randomBytes } from 'node:crypto';
import type { SocketAddress } from '../connection.ts';
import type { NativeConfig, NativeConnection } from './native.ts';
import { quiche } from './native.ts';
import { CONNECTION_ID_BYTES, INITIAL_MIN_BYTES, keyOfId } from './packet-header.ts';

/** A connection in its making: the engine's state, and the keys under which its packets will come. */
export interface Accepted {
  readonly native: NativeConnection;
  readonly keys: readonly string[];
}

/** What to do with a datagram that belongs to no connection. */
export type Admission =
  | { readonly kind: 'accept'; readonly accepted: Accepted }
  | { readonly kind: 'answer'; readonly datagram: Uint8Array }
  | { readonly kind: 'drop' };

const DROP: Admission = { kind: 'drop' };

/** Decides on the first datagrams of strangers. */
export class Acceptor {
  readonly #local: SocketAddress;
  config: NativeConfig;

  constructor(local: SocketAddress, config: NativeConfig) {
    this.#local = local;
    this.config = config;
  }

  /** @param datagram one whose first packet has a long header and belongs to no connection */
  admit(datagram: Buffer, from: SocketAddress): Admission {
    if (datagram.length < INITIAL_MIN_BYTES) return DROP;
    const header = headerOf(datagram);
    if (header === undefined) return DROP;
    if (!quiche.versionIsSupported(header.version)) return { kind: 'answer', datagram: versionNegotiation(header) };
    if (header.ty !== quiche.Type.Initial) return DROP;
    const id = randomBytes(CONNECTION_ID_BYTES);
    const native = quiche.Connection.accept(id, null, this.#local, from, this.config);
    return { kind: 'accept', accepted: { native, keys: [keyOfId(header.dcid), keyOfId(id)] } };
  }
}

type Header = ReturnType<typeof quiche.Header.fromSlice>;

function headerOf(datagram: Buffer): Header | undefined {
  try {
    return quiche.Header.fromSlice(datagram, CONNECTION_ID_BYTES);
  } catch {
    return undefined;
  }
}

function versionNegotiation({ scid, dcid }: Header): Uint8Array {
  const out = new Uint8Array(INITIAL_MIN_BYTES);
  return out.subarray(0, quiche.negotiateVersion(scid, dcid, out));
}
