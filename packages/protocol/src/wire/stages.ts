import { QconnError } from '../errors.ts';
import { ADDRESS_PART_MAX_BYTES } from '../limits.ts';
import { FrameType } from './frame-type.ts';
import type { Frame } from './frame.ts';
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

const RESOLVED = STAGES.indexOf('resolved');

/**
 * Writes a Stages frame: the stages that have passed since the last one, in their order, each once.
 * @throws QconnError `too_large` for more reports than there are stages
 */
export function encodeStages(writer: PackedWriter, id: number, reports: readonly StageReport[]): Uint8Array {
  if (reports.length > STAGES.length)
    throw new QconnError('too_large', `${reports.length} stages do not fit a frame; there are ${STAGES.length}.`);
  writer.begin().u8(reports.length);
  for (const { stage, at, target } of reports) {
    writer.u8(STAGES.indexOf(stage)).f64(at);
    if (stage !== 'resolved') continue;
    writer
      .text8(target?.fingerprint ?? '', ADDRESS_PART_MAX_BYTES)
      .text8(target?.hostname ?? '', ADDRESS_PART_MAX_BYTES)
      .text8(target?.device ?? '', ADDRESS_PART_MAX_BYTES);
  }
  return writer.finish(FrameType.Stages, id);
}

/** Reads a Stages frame. @throws QconnError `bad_frame` */
export function decodeStages(frame: Frame): StageReport[] {
  const reader = new PackedReader(frame.control, 'Stages');
  const reports: StageReport[] = [];
  const count = reader.u8();
  if (count > STAGES.length) throw reader.bad(`${count} stages; there are ${STAGES.length}`);
  for (let i = 0; i < count; i++) reports.push(readReport(reader));
  reader.end();
  return reports;
}

function readReport(reader: PackedReader): StageReport {
  const number = reader.u8();
  const stage = STAGES[number];
  if (stage === undefined) throw reader.bad(`the unknown stage ${number}`);
  const at = reader.f64();
  if (!Number.isFinite(at)) throw reader.bad('a time that is not a number');
  if (number !== RESOLVED) return { stage, at };
  const fingerprint = reader.text8(ADDRESS_PART_MAX_BYTES);
  const hostname = reader.text8(ADDRESS_PART_MAX_BYTES);
  return { stage, at, target: { fingerprint, hostname, device: reader.text8(ADDRESS_PART_MAX_BYTES) } };
}
