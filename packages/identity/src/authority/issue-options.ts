/** What to certify, and for how long. */
export interface IssueOptions {
  /** The key to certify, SubjectPublicKeyInfo DER; a machine's comes out of a verified certificate request. */
  readonly spki: Uint8Array;
  /** Epoch milliseconds. */
  readonly now: number;
  /** 1 minute to 45 days; cut to the issuing CA's own end. Default: machine 7 days, server 30 days. */
  readonly validityMs?: number;
}

export interface IssueServerOptions extends IssueOptions {
  /** Host names and IP addresses under which clients reach the hub. */
  readonly hosts: readonly string[];
}
