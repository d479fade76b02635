/** Who does something and when. Every change takes one: it becomes the audit row's head. */
export interface Act {
  /** For instance `key:3f…`, `machine:qc1…`, `token:…`, `hub`. */
  readonly actor: string;
  /** Now, in milliseconds since 1970: the store owns no clock. */
  readonly now: number;
  /** Refuses with `already_done` what has been done for the same key; left out: what is asked twice is done twice. */
  readonly once?: Once | undefined;
}

/** Names a request, so that it is not done a second time. */
export interface Once {
  /** SHA-256 of the key that the caller chose. */
  readonly keyHash: Uint8Array;
  /** SHA-256 of what was asked: the same key for something else is a mistake. */
  readonly requestHash: Uint8Array;
}
