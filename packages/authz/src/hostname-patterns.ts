/** The hostnames that a selector names: whole ones, and beginnings (`kiosk-*`). In lower case. */
export class HostnamePatterns {
  readonly #whole: ReadonlySet<string>;
  readonly #beginnings: readonly string[];

  constructor(patterns: readonly string[]) {
    const lower = patterns.map((pattern) => pattern.toLowerCase());
    this.#whole = new Set(lower.filter((pattern) => !pattern.endsWith('*')));
    this.#beginnings = lower.filter((pattern) => pattern.endsWith('*')).map((pattern) => pattern.slice(0, -1));
  }

  /** @param hostname in lower case */
  match(hostname: string | undefined): boolean {
    if (hostname === undefined) return false;
    if (this.#whole.has(hostname)) return true;
    for (const beginning of this.#beginnings) {
      if (hostname.startsWith(beginning)) return true;
    }
    return false;
  }
}
