import { DEADLINE_MAX_MS, EXCHANGES_IN_FLIGHT_MAX } from '../limits.ts';
import { FrameType } from './frame-type.ts';
import type { Frame } from './frame.ts';
import { MapFields } from './map-fields.ts';
import type { PackedWriter } from './packed-writer.ts';
import { encodeMapFrame } from './session-messages.ts';

/** How many requests a machine may have sent of which the hub has not said anything. */
export interface Credit {
  /** 1 … 1,024. */
  readonly requests: number;
  /** How long it holds, in milliseconds, unless another one comes; after that the number is as without any. */
  readonly forMs: number;
}

export function encodeCredit(writer: PackedWriter, { requests, forMs }: Credit): Uint8Array {
  return encodeMapFrame(writer, FrameType.Credit, 0, { requests, forMs });
}

/** @throws QconnError `bad_frame` */
export function decodeCredit(frame: Frame): Credit {
  const fields = MapFields.of(frame.control, 'Credit');
  return {
    requests: fields.integer('requests', 1, EXCHANGES_IN_FLIGHT_MAX),
    forMs: fields.integer('forMs', 0, DEADLINE_MAX_MS),
  };
}
