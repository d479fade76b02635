import type { PackedWriter } from '@qconn/protocol';
import type { Bodies } from '../body/bodies.ts';
import type { HeldAcks } from './held-acks.ts';

/** Bytes that may wait for the connection before requests are refused and signs of progress dropped: 256 of the largest inline body, twice. */
export const STAGED_BYTES_MAX: number = 32 * 1024 * 1024;

/** Where requests go out. */
export interface RequestPort {
  readonly writer: PackedWriter;
  readonly bodies: Bodies;
  readonly acks: Pick<HeldAcks, 'hold'>;
  /** Bytes that wait because the hub or the network takes no more now. */
  readonly bufferedBytes: number;
  /** Sends a frame, which is copied. */
  send(id: number, frame: Uint8Array): void;
}
