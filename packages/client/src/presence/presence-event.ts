import type { ErrorCode, Provider } from '@qconn/protocol';

/** What a watcher is told, in order. */
export type PresenceEvent =
  /**
   * All that there is now; what was known before is void. `begun`: the first. `reconnected`: the connection was lost in
   * between, and whatever happened meanwhile with it. `behind`: the watcher did not keep up, and changes were left out.
   */
  | {
      readonly kind: 'snapshot';
      readonly cause: 'begun' | 'reconnected' | 'behind';
      readonly providers: readonly Provider[];
    }
  /** A device came, or provides other service types than before. */
  | { readonly kind: 'online'; readonly provider: Provider }
  /** A device went. The reason is the error that its machine's connection ended with, `withdrawn` or `forbidden`. */
  | { readonly kind: 'offline'; readonly provider: Provider; readonly reason: ErrorCode };
