import {
  ADDRESS_PART_MAX_BYTES,
  BODY_MAX_BYTES,
  CONTROL_MAX_BYTES,
  CSR_MAX_BYTES,
  HEADER_BLOCK_MAX_BYTES,
  IDEMPOTENCY_KEY_MAX_BYTES,
  REASON_MAX_BYTES,
} from '../limits.ts';
import { FrameType } from './frame-type.ts';
import { STAGES } from './stage.ts';

/** Who sends a frame to whom. */
export type Direction = 'client → hub' | 'hub → client' | 'either way';

/** What may stand in the header of a frame of one type; whatever else stands there is a broken frame. */
export interface FrameRule {
  readonly name: keyof typeof FrameType;
  readonly direction: Direction;
  /** What the id names: nothing (0), a call or an exchange of the client's, or an exchange of the hub's (1 …). */
  readonly id: 'none' | 'call' | 'exchange';
  readonly control: 'none' | 'map' | 'packed';
  readonly controlMaxBytes: number;
  readonly bodyMaxBytes: number;
  /** Bits that have a meaning; all others are reserved: zero when sent, refused when received. */
  readonly flags: number;
}

/** Flag bit of a Request frame: where there is no target, wait for one to appear within the resolution deadline. */
export const WAIT_FOR_TARGET_FLAG = 0x01;
/** Flag bit of a Request and of a Deliver frame: nothing is to be run; what became of the job under this key? */
export const INQUIRY_FLAG = 0x02;
/** Flag bit of a Deliver frame: the hub has sent this exchange before and saw no acknowledgement. */
export const REDELIVERED_FLAG = 0x01;
/** Flag bit of a Targets frame: there were more permitted providers than the limit asked for. */
export const MORE_TARGETS_FLAG = 0x01;

/** Flag bit of a Request, Deliver or Response frame: its body is to be fetched on a stream of its own. */
export const STREAMED_FLAG = 0x04;

/** Flag bit of a Response or Outcome frame from the hub: the stages that passed since the last Stages frame stand at its end. */
export const STAGES_FLAG = 0x08;

/** Flag bit of a Progress frame: its body is a JSON text (RFC 8259). */
export const JSON_FLAG = 0x01;

const TEXT8 = 1 + ADDRESS_PART_MAX_BYTES;
const KEY8 = 1 + IDEMPOTENCY_KEY_MAX_BYTES;
const HEADERS16 = 2 + HEADER_BLOCK_MAX_BYTES;
const REASON16 = 2 + REASON_MAX_BYTES;
const STAGES_SET = 1 + STAGES.length * 8 + 3 * TEXT8;
const REQUEST = 3 * TEXT8 + 2 * 4 + 2 * KEY8 + HEADERS16;
const LENGTH = 8;

const RULES: readonly FrameRule[] = [
  session('Hello', 'client → hub'),
  session('Welcome', 'hub → client'),
  session('Status', 'hub → client'),
  session('GoAway', 'hub → client'),
  call('CallFailed', 'hub → client'),
  call('Provide', 'client → hub'),
  call('Provided', 'hub → client'),
  call('Withdraw', 'client → hub'),
  call('Withdrawn', 'hub → client'),
  call('Query', 'client → hub'),
  call('QueryResult', 'hub → client'),
  call('Watch', 'client → hub'),
  call('WatchSnapshot', 'hub → client'),
  call('WatchChanges', 'hub → client'),
  call('Unwatch', 'client → hub'),
  { ...call('Renew', 'client → hub'), bodyMaxBytes: CSR_MAX_BYTES },
  call('Renewed', 'hub → client'),
  session('Trust', 'hub → client'),
  session('TrustHeld', 'client → hub'),
  session('Credit', 'hub → client'),
  {
    ...exchange('Request', 'client → hub', REQUEST + LENGTH, BODY_MAX_BYTES),
    flags: WAIT_FOR_TARGET_FLAG | INQUIRY_FLAG | STREAMED_FLAG,
  },
  {
    ...exchange('Deliver', 'hub → client', 4 * TEXT8 + 4 + KEY8 + HEADERS16 + LENGTH, BODY_MAX_BYTES),
    flags: REDELIVERED_FLAG | INQUIRY_FLAG | STREAMED_FLAG,
  },
  exchange('Ack', 'client → hub', 0, 0),
  {
    ...exchange('Response', 'either way', HEADERS16 + LENGTH + STAGES_SET, BODY_MAX_BYTES),
    flags: STREAMED_FLAG | STAGES_FLAG,
  },
  { ...exchange('Progress', 'either way', 0, BODY_MAX_BYTES), flags: JSON_FLAG },
  exchange('Extend', 'client → hub', 4, 0),
  { ...exchange('Outcome', 'either way', 2 + 4 + REASON16 + STAGES_SET, 0), flags: STAGES_FLAG },
  exchange('Stages', 'hub → client', STAGES_SET, 0),
  exchange('Cancel', 'either way', 2, 0),
  exchange('RequestAll', 'client → hub', REQUEST + 2, BODY_MAX_BYTES),
  { ...exchange('Targets', 'hub → client', 2, 0), flags: MORE_TARGETS_FLAG },
];

const byType: readonly (FrameRule | undefined)[] = Array.from({ length: 256 }, (_, type) =>
  RULES.find((rule) => FrameType[rule.name] === type),
);

/** The rule for a frame type, or `undefined` for a number that is not in the registry. */
export function frameRule(type: number): FrameRule | undefined {
  return byType[type];
}

function session(name: FrameRule['name'], direction: Direction): FrameRule {
  return { name, direction, id: 'none', control: 'map', controlMaxBytes: CONTROL_MAX_BYTES, bodyMaxBytes: 0, flags: 0 };
}

function call(name: FrameRule['name'], direction: Direction): FrameRule {
  return { ...session(name, direction), id: 'call' };
}

function exchange(
  name: FrameRule['name'],
  direction: Direction,
  controlMaxBytes: number,
  bodyMaxBytes: number,
): FrameRule {
  const control = controlMaxBytes === 0 ? 'none' : 'packed';
  return { name, direction, id: 'exchange', control, controlMaxBytes, bodyMaxBytes, flags: 0 };
}
