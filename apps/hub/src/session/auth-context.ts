/**
 * What a handler knows of its peer. Frozen: when something changes, the session gets a new one.
 */
export interface AuthContext {
  readonly fingerprint: string;
  readonly status: 'pending' | 'authorized';
  readonly hostname: string | undefined;
  readonly roles: readonly string[];
  /** Serial of the credential that the connection was made with, hex. */
  readonly credentialSerial: string;
  /** The policy's generation that this was read from. */
  readonly generation: number;
  readonly alpn: string;
  /** `address:port` of the peer when the session began. */
  readonly remoteAddress: string;
}
