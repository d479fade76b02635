import type { ErrorCode } from '@qconn/protocol';
import type { LiveDevice } from './live-device.ts';

/** A device of a machine's current session came, went, or provides other service types. */
export interface DeviceChange<S> {
  readonly device: LiveDevice<S>;
  /** What it provided; empty for one that came. */
  readonly before: ReadonlySet<string>;
  /** What it provides; empty for one that went. */
  readonly after: ReadonlySet<string>;
  /** Why it does not provide any more what it provided before. */
  readonly reason: ErrorCode;
}
