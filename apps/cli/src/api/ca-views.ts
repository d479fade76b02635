/** What the hub's API shows of its CA and of certificates. Times are RFC 3339 in UTC. */

export interface CaCertificate {
  readonly subject: string;
  readonly serial: string;
  readonly notBefore: string;
  readonly notAfter: string;
}

export interface CaStatus {
  readonly pin: string;
  readonly rootKeyHere: boolean;
  readonly issuing: CaCertificate;
  readonly root: CaCertificate;
  readonly trust: { readonly id: string; readonly pins: readonly string[] };
  readonly rotation: {
    readonly phase: 'prepared' | 'activated';
    readonly root: string;
    readonly previousRoot: string;
    readonly lagging: {
      readonly live: number;
      readonly expired: number;
      readonly machines: readonly {
        readonly fingerprint: string;
        readonly shortCode: string;
        readonly hostname: string | null;
        readonly hasTrust: boolean;
        readonly hasCertificate: boolean;
        readonly expiresAt: string;
      }[];
    };
    readonly oldTokens: number;
  } | null;
}

export interface Certificate {
  readonly serial: string;
  readonly kind: 'machine' | 'server' | 'issuing' | 'root';
  readonly machine: string | null;
  readonly hostname: string | null;
  readonly subject: string | null;
  readonly status: 'live' | 'expired' | 'revoked';
  readonly notBefore: string;
  readonly notAfter: string;
  readonly issuedAt: string;
  readonly revokedAt: string | null;
}
