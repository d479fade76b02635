import { ADDRESS_PART_MAX_BYTES } from '../limits.ts';
import { STAGES_FLAG } from './frame-rule.ts';
import { FrameType } from './frame-type.ts';
import type { Frame } from './frame.ts';
import { LastRead } from './last-read.ts';
import { LastWritten } from './last-written.ts';
import { PackedReader } from './packed-reader.ts';
import type { PackedWriter } from './packed-writer.ts';
import { STAGES, type Stage } from './stage.ts';

/** The target that the hub chose, reported with the stage `resolved`. */
export interface ResolvedTarget {
  readonly fingerprint: string;
  readonly hostname: string;
  readonly device: string;
}

/** One stage with the hub's time. */
export interface StageReport {
  readonly stage: Stage;
  /** The hub's clock, milliseconds since the Unix epoch, with a fraction. */
  readonly at: number;
  /** With `resolved` only. */
  readonly target?: ResolvedTarget | undefined;
}

/** Stages as whoever tells of them has them. */
export interface StageSet {
  /** Which: bit *n* is the stage with the number *n*. */
  readonly mask: number;
  /** The hub's clock at each, by the stage's number; what stands at others is of no account. */
  readonly times: ArrayLike<number>;
  /** Told with `resolved`. */
  readonly target: ResolvedTarget | undefined;
}

const RESOLVED = 1 << STAGES.indexOf('resolved');
const UNKNOWN = -1 << STAGES.length;

// Frozen, since one object is given to many.
const lastRead = new LastRead<ResolvedTarget>(3, (reader) =>
  Object.freeze({
    fingerprint: reader.text8(ADDRESS_PART_MAX_BYTES),
    hostname: reader.text8(ADDRESS_PART_MAX_BYTES),
    device: reader.text8(ADDRESS_PART_MAX_BYTES),
  }),
);
const lastWritten = new LastWritten();

/**
 * Stages that an exchange has passed, as they stand in a frame: checked when it comes, and made into reports when somebody looks at
 * them, which few senders do. It needs the memory of its frame for as long as that may be.
 */
export class PassedStages {
  readonly #mask: number;
  readonly #times: PackedReader;
  readonly #target: ResolvedTarget | undefined;

  private constructor(mask: number, times: PackedReader, target: ResolvedTarget | undefined) {
    this.#mask = mask;
    this.#times = times;
    this.#target = target;
  }

  /** Reads what {@link writeStages} writes. @throws QconnError `bad_frame` */
  static read(reader: PackedReader): PassedStages {
    const mask = reader.u8();
    if ((mask & UNKNOWN) !== 0) throw reader.bad(`the unknown stages 0x${(mask & UNKNOWN).toString(16)}`);
    const times = reader.fork();
    for (let left = mask; left !== 0; left &= left - 1)
      if (!reader.skipFinite64()) throw reader.bad('a time that is not a number');
    return new PassedStages(mask, times, (mask & RESOLVED) === 0 ? undefined : lastRead.read(reader));
  }

  has(stage: Stage): boolean {
    return (this.#mask & stageBit(stage)) !== 0;
  }

  /** The stages in their order. */
  get reports(): StageReport[] {
    const times = this.#times.fork();
    const reports: StageReport[] = [];
    for (const [number, stage] of STAGES.entries()) {
      if ((this.#mask & (1 << number)) === 0) continue;
      const at = times.f64();
      reports.push(stage === 'resolved' ? { stage, at, target: this.#target } : { stage, at });
    }
    return reports;
  }
}

/** Writes a Stages frame: the stages that have passed since the last one. @throws QconnError `too_large` */
export function encodeStages(writer: PackedWriter, id: number, stages: StageSet): Uint8Array {
  return writeStages(writer.begin(), stages).finish(FrameType.Stages, id);
}

/** Reads a Stages frame. @throws QconnError `bad_frame` */
export function decodeStages(frame: Frame): PassedStages {
  const reader = new PackedReader(frame.control, 'Stages');
  const stages = PassedStages.read(reader);
  reader.end();
  return stages;
}

/** Writes stages as they stand in a Stages frame and at the end of a final word: which, a time for each, and the target. */
export function writeStages(writer: PackedWriter, { mask, times, target }: StageSet): PackedWriter {
  writer.u8(mask);
  for (let number = 0; number < STAGES.length; number += 1)
    if ((mask & (1 << number)) !== 0) writer.f64(times[number] as number);
  if ((mask & RESOLVED) === 0) return writer;
  return lastWritten.write(writer, target?.fingerprint ?? '', target?.hostname ?? '', target?.device ?? '');
}

/** The stages of a final word, whose flag says that it has them. @throws QconnError `bad_frame` */
export function readFinalStages(frame: Frame, reader: PackedReader): PassedStages | undefined {
  return (frame.flags & STAGES_FLAG) === 0 ? undefined : PassedStages.read(reader);
}

/** The reports as whoever tells of them writes them. @param reports each stage at most once */
export function stageSetOf(reports: readonly StageReport[]): StageSet {
  const times = STAGES.map((stage) => reports.find((report) => report.stage === stage)?.at ?? 0);
  const mask = reports.reduce((set, { stage }) => set | stageBit(stage), 0);
  return { mask, times, target: reports.find(({ target }) => target !== undefined)?.target };
}

/** The bit of a stage in a {@link StageSet}. */
export function stageBit(stage: Stage): number {
  return 1 << STAGES.indexOf(stage);
}
