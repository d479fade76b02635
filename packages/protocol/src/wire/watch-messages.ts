import { ERROR_TABLE, type ErrorCode } from '../error-table.ts';
import { errorCodeOfWire } from '../errors.ts';
import { readDeviceName } from './device-fields.ts';
import { FrameType } from './frame-type.ts';
import type { Frame } from './frame.ts';
import { atMost, MapFields } from './map-fields.ts';
import type { PackedWriter } from './packed-writer.ts';
import {
  checkFilter,
  PROVIDERS_PER_FRAME_MAX,
  readFilter,
  readPlace,
  readProviders,
  type Provider,
  type ProviderFilter,
} from './provider.ts';
import { encodeMapFrame } from './session-messages.ts';

/** Part of all that a watcher may see. */
export interface WatchSnapshot {
  /** Counts what the watcher has been told: the first change after the snapshot has the next number. */
  readonly version: number;
  /** `begun`: the first of this watch. `behind`: changes in between were left out, as there were too many. */
  readonly cause: 'begun' | 'behind';
  readonly providers: readonly Provider[];
  readonly last: boolean;
}

/** A device came, went, or provides something else, as the watcher sees it. */
export interface PresenceChange {
  readonly fingerprint: string;
  readonly hostname: string;
  readonly device: string;
  /** What it provides now; of one that went, what it provided. */
  readonly serviceTypes: readonly string[];
  /** Why it is not there any more; absent while it is. */
  readonly gone?: ErrorCode | undefined;
}

/** Changes in their order. */
export interface WatchChanges {
  /** The number of the first; each of the others has the next. */
  readonly version: number;
  readonly changes: readonly PresenceChange[];
}

/** @throws QconnError `bad_address` */
export function encodeWatch(writer: PackedWriter, id: number, filter: ProviderFilter): Uint8Array {
  checkFilter(filter);
  return encodeMapFrame(writer, FrameType.Watch, id, { serviceType: filter.serviceType, machine: filter.machine });
}

/** @throws QconnError `bad_frame` */
export function decodeWatch(frame: Frame): ProviderFilter {
  return readFilter(MapFields.of(frame.control, 'Watch'));
}

/** @throws QconnError `too_large` when the providers do not fit one frame */
export function encodeWatchSnapshot(writer: PackedWriter, id: number, snapshot: WatchSnapshot): Uint8Array {
  atMost(PROVIDERS_PER_FRAME_MAX, snapshot.providers.length, 'providers');
  return encodeMapFrame(writer, FrameType.WatchSnapshot, id, { ...snapshot });
}

/** @throws QconnError `bad_frame` */
export function decodeWatchSnapshot(frame: Frame): WatchSnapshot {
  const fields = MapFields.of(frame.control, 'WatchSnapshot');
  return {
    version: version(fields),
    cause: fields.word('cause', ['begun', 'behind']),
    providers: readProviders(fields),
    last: fields.flag('last'),
  };
}

/** @throws QconnError `too_large` when the changes do not fit one frame */
export function encodeWatchChanges(writer: PackedWriter, id: number, watched: WatchChanges): Uint8Array {
  atMost(PROVIDERS_PER_FRAME_MAX, watched.changes.length, 'changes');
  const changes = watched.changes.map(({ gone, ...change }) => ({
    ...change,
    gone: gone === undefined ? undefined : ERROR_TABLE[gone].wire,
  }));
  return encodeMapFrame(writer, FrameType.WatchChanges, id, { version: watched.version, changes });
}

/** @throws QconnError `bad_frame` */
export function decodeWatchChanges(frame: Frame): WatchChanges {
  const fields = MapFields.of(frame.control, 'WatchChanges');
  return { version: version(fields), changes: fields.maps('changes', PROVIDERS_PER_FRAME_MAX).map(readChange) };
}

export function encodeUnwatch(writer: PackedWriter, id: number): Uint8Array {
  return encodeMapFrame(writer, FrameType.Unwatch, id, {});
}

/** @throws QconnError `bad_frame` */
export function decodeUnwatch(frame: Frame): void {
  MapFields.of(frame.control, 'Unwatch');
}

function readChange(entry: MapFields): PresenceChange {
  const gone = entry.optionalInteger('gone', 0, 0xffff);
  return {
    device: readDeviceName(entry),
    ...readPlace(entry),
    gone: gone === undefined ? undefined : (errorCodeOfWire(gone) ?? 'internal'),
  };
}

function version(fields: MapFields): number {
  return fields.integer('version', 0, Number.MAX_SAFE_INTEGER);
}
