/** One thing that the demo has shown. */
interface Check {
  readonly what: string;
  readonly ms: number;
}

/** Collects what was checked, prints it as it happens and as a table at the end. */
export class Checks {
  readonly #checks: Check[] = [];
  readonly #print: (line: string) => void;
  readonly #started = performance.now();

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  /** Begins a step of the demo. */
  step(number: number, title: string): void {
    this.#print(`\n${number}. ${title}`);
  }

  /** A line of detail. */
  say(line: string): void {
    this.#print(`   ${line}`);
  }

  /** Notes that something holds. @param ms how long it took, in milliseconds */
  passed(what: string, ms: number): void {
    this.#checks.push({ what, ms });
    this.say(`✓ ${what} (${ms.toFixed(1)} ms)`);
  }

  /** Demands that something holds. @throws Error with `otherwise`, the reason in one sentence */
  expect(holds: boolean, otherwise: string): asserts holds {
    if (!holds) throw new Error(otherwise);
  }

  /** The table of everything that was checked. */
  table(): void {
    const width = Math.max(...this.#checks.map(({ what }) => what.length));
    this.#print(`\n   ${'checked'.padEnd(width)}        ms`);
    for (const { what, ms } of this.#checks) this.#print(`   ${what.padEnd(width)}  ${ms.toFixed(1).padStart(8)}`);
    this.#print(`   ${'in all'.padEnd(width)}  ${(performance.now() - this.#started).toFixed(0).padStart(8)}\n`);
  }
}
