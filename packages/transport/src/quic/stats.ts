import type { ConnectionStats } from '../connection.ts';
import type { Losses } from './black-hole.ts';
import type { NativeConnection } from './native.ts';

/** What the engine has counted as lost. */
export function lossesOf(native: NativeConnection): Losses {
  const { lost, lostBytes } = native.stats();
  const path = native.pathStats().find(({ active }) => active);
  return { packets: lost, bytes: lostBytes, rttMs: path?.rtt ?? 0 };
}

/** A connection's counters, read from the engine. */
export function statsOf(native: NativeConnection, streams: number): ConnectionStats {
  const totals = native.stats();
  const path = native.pathStats().find(({ active }) => active);
  return {
    rttMs: path?.rtt ?? 0,
    congestionWindow: path?.cwnd ?? 0,
    packetsSent: totals.sent,
    packetsReceived: totals.recv,
    packetsLost: totals.lost,
    bytesSent: totals.sentBytes,
    bytesReceived: totals.recvBytes,
    streams,
  };
}
