/** Who does something and when. Every change takes one: it becomes the audit row's head. */
export interface Act {
  /** For instance `key:3f…`, `machine:qc1…`, `token:…`, `hub`. */
  readonly actor: string;
  /** Now, in milliseconds since 1970: the store owns no clock. */
  readonly now: number;
}
