import type { MachineStatus, QconnError } from '@qconn/protocol';
import type { SocketAddress } from '@qconn/transport';
import type { OverdueReport } from '../exchange/overdue-jobs.ts';
import type { PathFailure } from './path-verdict.ts';
import type { Phase } from './supervisor.ts';

/** What happened to a client, in order. */
export type ClientEvent =
  | {
      readonly kind: 'phase';
      readonly phase: Phase;
      readonly reason: QconnError | undefined;
      readonly waitMs: number | undefined;
    }
  | { readonly kind: 'machine'; readonly machine: MachineStatus }
  /** The path to the hub failed, and the connection has moved to another: what was in flight goes on. */
  | { readonly kind: 'moved'; readonly failure: PathFailure }
  /** It could not move; the client connects anew, and what was in flight is reported. */
  | { readonly kind: 'notMoved'; readonly failure: PathFailure; readonly error: QconnError }
  /** The hub's name points to other addresses now: the client has connected there, and left the old one. */
  | { readonly kind: 'hubMoved'; readonly from: SocketAddress }
  /** The hub has registered a device. `permitted` says whether the policy lets the machine provide it, as it was then. */
  | { readonly kind: 'provided'; readonly device: string; readonly permitted: boolean }
  /** The hub has refused a device after a reconnect; the others are provided. */
  | { readonly kind: 'refused'; readonly device: string; readonly error: QconnError }
  /** Handlers of a device do not stop although their signals have fired. Told after 30 s, and whenever the time has doubled. */
  | ({ readonly kind: 'overdue' } & OverdueReport)
  | { readonly kind: 'renewed'; readonly expiresAt: number }
  | { readonly kind: 'renewalFailed'; readonly error: QconnError; readonly retryAt: number | undefined };
