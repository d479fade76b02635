/** Something that will happen later and can be called off. */
export interface Timer {
  /** Calls it off. Does nothing once it has fired. */
  cancel(): void;
}

/** Where time comes from. Nothing in qconn reads a clock or sets a timer but through one of these. */
export interface Clock {
  /** Wall-clock time in milliseconds since 1970. May jump either way. */
  now(): number;
  /** Milliseconds since an arbitrary start; never goes back and ignores changes of the wall clock. */
  monotonic(): number;
  /** Calls `fire` once, `delayMs` of monotonic time from now; any delay is allowed, however long. */
  setTimer(delayMs: number, fire: () => void): Timer;
}
