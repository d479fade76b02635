import {
  FRAME_HEADER_BYTES,
  frameRule,
  type FrameType,
  writeFrameHeader,
  type ErrorCode,
  type Frame,
  type FrameRule,
} from '@qconn/protocol';
import { wrongMaps } from '../../packages/protocol/test/wire/hostile-fields.ts';
import { assemble, LAYOUTS } from '../../packages/protocol/test/wire/layouts.ts';
import { samples } from '../../packages/protocol/test/wire/specimens.ts';

/** A frame that a receiver must not take, and the codes with which it may close the connection. */
export interface BadFrame {
  readonly what: string;
  readonly type: FrameType;
  readonly codes: readonly ErrorCode[];
  /** Its bytes under an id. */
  readonly bytes: (id: number) => Uint8Array;
}

const STAGES_FLAG = 0x08;

/** Final words with an empty set of stages at their end. */
const WITH_STAGES: Readonly<Partial<Record<keyof typeof FrameType, readonly number[]>>> = {
  Response: [0, 0, 0],
  Outcome: [0, 1, 0, 0, 0, 0, 0, 0, 0],
};

/**
 * Every frame type × everything that can be wrong with it: sent by the wrong side, a reserved flag, an id that is missing
 * or too much, lengths over the limit, and each field of its control section.
 * @param sender whose frames are looked for
 */
export function* badFrames(sender: 'client' | 'hub'): Generator<BadFrame> {
  for (const { specimen, frame } of samples()) {
    const rule = frameRule(frame.type) as FrameRule;
    const { name } = specimen;
    const type = frame.type as FrameType;
    const sent = (what: string, codes: readonly ErrorCode[], change: Partial<Frame>): BadFrame => ({
      what: `${name}: ${what}`,
      type,
      codes,
      bytes: (id) => bytesOf({ ...frame, id: rule.id === 'none' ? 0 : id, ...change }),
    });
    const own = rule.direction === 'either way' || rule.direction.startsWith(sender);
    if (!own) {
      yield sent('from the wrong side', ['unexpected_frame'], {});
      continue;
    }
    yield sent('a reserved flag', ['bad_frame'], { flags: 0x80 });
    yield sent(rule.id === 'none' ? 'an id' : 'no id', ['bad_frame'], { id: rule.id === 'none' ? 1 : 0 });
    yield sent('a control section over its limit', ['frame_too_large'], {
      control: new Uint8Array(rule.controlMaxBytes + 1),
    });
    yield sent('a body over its limit', ['frame_too_large'], { body: new Uint8Array(rule.bodyMaxBytes + 1) });
    const tellsStages = sender === 'client' ? WITH_STAGES[name] : undefined;
    if (tellsStages !== undefined)
      yield sent('stages, which are the hub’s to tell', ['bad_frame'], {
        flags: STAGES_FLAG,
        control: Uint8Array.from(tellsStages),
      });
    if (rule.control === 'none') continue;
    yield sent('a control section that is cut', ['bad_frame'], {
      control: frame.control.subarray(0, frame.control.length - 1),
    });
    for (const [what, control] of wrongControls(name))
      yield sent(what, [control.length > rule.controlMaxBytes ? 'frame_too_large' : 'bad_frame'], {
        control,
        flags: 0,
      });
  }
}

/** One wrong value of each field; packages/protocol holds the decoders to all of them. */
function* wrongControls(name: keyof typeof FrameType): Generator<[what: string, control: Uint8Array]> {
  const fields = LAYOUTS[name] ?? [];
  for (const field of fields) {
    const [first] = Object.entries(field.wrong);
    if (first !== undefined) yield [`${field.name}: ${first[0]}`, assemble(fields, field, first[1])];
  }
  yield* wrongMaps(name);
}

function bytesOf({ type, flags, id, control, body }: Frame): Uint8Array {
  const header = new Uint8Array(FRAME_HEADER_BYTES);
  writeFrameHeader(header, 0, { type, flags, id, controlBytes: control.length, bodyBytes: body.length });
  return Uint8Array.from([...header, ...control, ...body]);
}
