import type { QuotaRates } from '@qconn/routing';
import type { HubConfig } from '../config/hub-config.ts';
import type { BodyLimits } from './bodies/body-relay.ts';

/** Limits of the relay. They are looked at for each message, and so may change; the rates by {@link Relay.setRates}. */
export interface RelayLimits {
  /** Exchanges in flight per sending machine. */
  readonly inFlightPerMachine: number;
  readonly rates: QuotaRates;
  /** Bytes that may wait for one machine; past that it is `busy`, and signs of progress to it are dropped. */
  readonly bufferedBytesPerMachine: number;
  readonly bodies: BodyLimits;
  /** How long the report of a stage may wait for what follows on it, in milliseconds; 0: not at all. */
  readonly stageHoldMs: number;
}

/** Bytes that may wait for one machine before it counts as busy: a sender that keeps 256 bodies of 16 KiB under way is no flood. */
const BUFFERED_BYTES_PER_MACHINE: number = 4 * 1024 * 1024;

/** Nobody notices 5 ms in a timeline, and most exchanges in one network are over by then. */
const STAGE_HOLD_MS = 5;

/** The relay's limits, each as it is configured at the moment when it is looked at. */
export function relayLimits(config: () => Pick<HubConfig, 'limits'>): RelayLimits {
  return {
    get inFlightPerMachine() {
      return config().limits.exchangesInFlight;
    },
    get rates() {
      return quotaRates(config());
    },
    bufferedBytesPerMachine: BUFFERED_BYTES_PER_MACHINE,
    stageHoldMs: STAGE_HOLD_MS,
    bodies: {
      get bytesMax() {
        return config().limits.bodyBytes;
      },
      get streamsPerMachine() {
        return config().limits.bodyStreams;
      },
    },
  };
}

/** What one machine may send: a second's worth at once. */
export function quotaRates({ limits: { messagesPerSecond, bytesPerSecond } }: Pick<HubConfig, 'limits'>): QuotaRates {
  return {
    messages: { perSecond: messagesPerSecond, burst: messagesPerSecond },
    bytes: { perSecond: bytesPerSecond, burst: bytesPerSecond },
  };
}
