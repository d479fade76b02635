/**
 * The one door to the QUIC engine (docs/adr/0004-native-quiche.md): nothing outside `quic/` knows
 * which it is, and nothing inside imports it from elsewhere.
 */
export { quiche } from '@matrixai/quic/native/index.js';
export type {
  Config as NativeConfig,
  Connection as NativeConnection,
  ConnectionError as NativeConnectionError,
  PathEvent,
} from '@matrixai/quic/native/index.js';
