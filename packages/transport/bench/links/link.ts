import type { TlsIdentity } from '@qconn/transport';

/** A byte stream between two programs, however it is carried. */
export interface Link {
  write(bytes: Uint8Array): boolean;
  /** Resolves when a write may follow one that returned false. */
  drained(): Promise<void>;
  /** @param borrows whether `take` is done with a chunk when it returns; a carrier may make use of that */
  onData(take: (chunk: Uint8Array) => void, borrows?: boolean): void;
  end(): void;
}

/** Identities of both sides. */
export interface Identities {
  readonly server: TlsIdentity;
  readonly client: TlsIdentity;
}

/** One way of carrying links, to be compared with others. */
export interface Carrier {
  /** Serves at a free port of the loopback. */
  serve(identities: Identities, onLink: (link: Link) => void): Promise<number>;
  connect(identities: Identities, port: number): Promise<Link>;
}
