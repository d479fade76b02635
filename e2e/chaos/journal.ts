import { appendFileSync, readFileSync } from 'node:fs';

/** The four ways in which senders of a chaos run ask for work. */
export type Kind = 'plain' | 'keyed' | 'fan' | 'stream';

/** What one target of a fan-out said. */
export interface TargetWord {
  readonly machine: string;
  readonly how: string;
  readonly retrySafe: boolean;
}

/**
 * A line of the oracle. A sender writes `start` before a request and `end` after its final word; a provider `ran` in the
 * moment of the effect. Each line is with the operating system before the next thing happens, so it outlives a SIGKILL.
 */
export type Line =
  | { readonly line: 'start'; readonly id: string; readonly kind: Kind; readonly process: string }
  | {
      readonly line: 'end';
      readonly id: string;
      /** `completed`, `wrong answer`, or an error code. */
      readonly how: string;
      /** Whether the last word said that a repetition cannot run it twice. */
      readonly retrySafe: boolean;
      readonly attempts: number;
      readonly targets?: readonly TargetWord[];
    }
  | { readonly line: 'ran'; readonly id: string; readonly machine: string };

export function note(path: string, line: Line): void {
  // Behind a line that a SIGKILL has cut the next one begins anew.
  appendFileSync(path, `\n${JSON.stringify(line)}\n`);
}

/** Every line of a journal; one that a SIGKILL has cut is left out. */
export function readJournal(path: string): Line[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((text) => {
      try {
        return [JSON.parse(text) as Line];
      } catch {
        return [];
      }
    });
}
