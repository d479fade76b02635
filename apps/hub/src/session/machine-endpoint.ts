import type { Clock } from '@qconn/clock';
import { ALPN_QCONN_1, LANES_PER_CONNECTION_MAX, STREAM_WINDOW_BYTES } from '@qconn/protocol';
import type { Logger } from '@qconn/startup';
import {
  createQuicEndpoint,
  type Endpoint,
  type FailedHandler,
  type RefusedHandshake,
  type TlsIdentity,
} from '@qconn/transport';
import { listenHost } from '../config/listen-host.ts';
import type { HubConfig } from '../config/hub-config.ts';
import type { LivePolicy } from '../policy/live-policy.ts';
import type { Relay } from '../relay/relay.ts';
import { identityProvider } from './identity-provider.ts';
import { machineProtocol } from './machine-protocol.ts';
import type { SessionBook } from './session-book.ts';

/** What the machines' endpoint works with. */
export interface MachineEndpointParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly policy: LivePolicy;
  readonly sessions: SessionBook;
  readonly relay: Relay;
  readonly tls: TlsIdentity;
  /** What {@link loadEndpointSecret} gave. */
  readonly secret: Uint8Array;
  readonly onRefused: (refused: RefusedHandshake) => void;
  /** Called in each turn once everything has been read. */
  readonly onTurn: () => boolean;
  readonly onHandlerError: (failed: FailedHandler) => void;
}

/** Listens for machines. @throws QconnError `address_in_use`, `tls_config` */
export function listenForMachines(parts: MachineEndpointParts, config: HubConfig): Promise<Endpoint> {
  const { clock, log, policy, sessions, relay, tls, secret, onRefused, onTurn, onHandlerError } = parts;
  const { insecureDebugFolder } = config.log;
  return createQuicEndpoint(
    {
      clock,
      onWarning: (message, event) => log.warn({ event }, message),
      onRefused,
      onTurn,
      identify: identityProvider(policy),
      onHandlerError,
    },
    {
      host: listenHost(config.listen.host),
      port: config.listen.quicPort,
      busyPollMs: config.listen.busyPollMicros / 1_000,
      tls,
      maxStreamWindowBytes: STREAM_WINDOW_BYTES,
      // Bodies that nobody reads leave room for the lanes, and lanes that are paused for the others.
      connectionWindowBytes: STREAM_WINDOW_BYTES * (config.limits.bodyStreams + LANES_PER_CONNECTION_MAX),
      secret,
      ...(insecureDebugFolder !== undefined && { insecureDebugFolder }),
      // A machine session answers an early hello, and does nothing else before the handshake has finished.
      earlyData: true,
      handlers: { [ALPN_QCONN_1]: machineProtocol({ clock, sessions, relay }) },
    },
  );
}
