/** Who makes a request. */
export interface Caller {
  /** For the audit trail; empty on public routes. */
  readonly actor: string;
  readonly roles: readonly string[];
}

export const NOBODY: Caller = Object.freeze({ actor: '', roles: [] });
