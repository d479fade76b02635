/** How a security event is told. */
interface EventKind {
  /** `info`: somebody proved who they are. `warn`: somebody was turned away. */
  readonly level: 'info' | 'warn';
  /** For people who read the log. */
  readonly message: string;
}

/** Every event of the security log. Names are stable: filters and alerts are written against them; docs/operations.md lists them. */
export const SECURITY_EVENTS = {
  session_authenticated: { level: 'info', message: 'A machine proved who it is.' },
  session_refused: { level: 'warn', message: 'A machine with a good certificate was turned away.' },
  handshake_refused: { level: 'warn', message: 'A QUIC handshake was refused.' },
  api_authenticated: { level: 'info', message: 'Somebody proved to the HTTPS API who they are.' },
  api_refused: { level: 'warn', message: 'Somebody could not prove to the HTTPS API who they are.' },
  api_forbidden: { level: 'warn', message: 'Somebody asked the HTTPS API for what they may not do.' },
  enrolment_accepted: { level: 'info', message: 'A machine enrolled.' },
  enrolment_refused: { level: 'warn', message: 'An enrolment was refused.' },
  bootstrap_accepted: { level: 'info', message: 'The bootstrap secret was exchanged for an API key.' },
  bootstrap_refused: { level: 'warn', message: 'A bootstrap secret was refused.' },
  message_refused: { level: 'warn', message: 'A machine sent a message that the policy does not allow.' },
  rate_limited: { level: 'warn', message: 'A source sends more requests than it may.' },
} as const satisfies Readonly<Record<string, EventKind>>;

export type SecurityEventName = keyof typeof SECURITY_EVENTS;

/** One thing that happened. Never a secret, nor what a message was about. */
export interface SecurityEvent {
  readonly event: SecurityEventName;
  /** Where it came from: an IP address, without its port. */
  readonly remote: string;
  readonly port?: number | undefined;
  /** Why somebody was turned away; absent where nobody was. */
  readonly code?: string | undefined;
  /** Who it was, as far as that was proven: `key:…` or `machine:qc1…`. */
  readonly actor?: string | undefined;
  /** Of a request of the HTTPS API: the method and the pattern of its path. */
  readonly route?: string | undefined;
}
