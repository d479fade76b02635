export { openBodyStream } from './body-stream.ts';
export type { CloseInfo, Connection, ConnectionStats, PathSigns, SocketAddress } from './connection.ts';
export type { ConnectTarget, Endpoint, TlsIdentity } from './endpoint.ts';
export type { Stream, StreamEnd, StreamReader } from './stream.ts';
export { Lanes, type LanesHandlers } from './lanes.ts';
export type {
  AlpnHandler,
  AlpnHandlers,
  FailedHandler,
  HandlerFailureKind,
  IdentityProvider,
  ProtocolHandler,
} from './router.ts';
export { sourceOf } from './source-address.ts';
export { createQuicEndpoint } from './quic/create.ts';
export { BUSY_POLL_MS } from './quic/options.ts';
export type { QuicDependencies, QuicOptions, RefusedHandshake, TransportWarning } from './quic/options.ts';
export { createMemoryNetwork, type MemoryEndpointOptions, type MemoryNetwork } from './memory/memory-network.ts';
