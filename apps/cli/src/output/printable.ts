/** Control characters, and the invisible ones that reorder or hide text. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
const UNPRINTABLE_IN_LINES = /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * Text that somebody else wrote, fit for a terminal: a machine names its operating system, a provider
 * its reason, and neither may move the cursor or colour the screen of an administrator.
 */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, '\u{FFFD}');
}

/** The same for text of several lines. */
export function printableLines(text: string): string {
  return text.replaceAll(UNPRINTABLE_IN_LINES, '\u{FFFD}');
}
