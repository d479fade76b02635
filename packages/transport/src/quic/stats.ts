import type { ConnectionStats } from '../connection.ts';
import type { Losses } from './black-hole.ts';
import type { NativeConnection } from './native.ts';

/** What the engine has counted as lost. */
export function lossesOf(native: NativeConnection): Losses {
  const { lost, lostBytes } = native.stats();
  return { packets: lost, bytes: lostBytes, rttMs: rttOf(native) };
}

/** The smoothed round trip of the path in use, in milliseconds. */
export function rttOf(native: NativeConnection): number {
  return native.pathStats().find(({ active }) => active)?.rtt ?? 0;
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
