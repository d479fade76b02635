/** How often is looked, in milliseconds. */
const LOOK_MS = 20;

/**
 * Waits until `look` gives something.
 * @param what completes “timed out waiting for …”
 * @throws Error after `deadlineMs`, and whatever `look` throws
 */
export async function waitFor<T>(
  what: string,
  deadlineMs: number,
  look: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`timed out after ${deadlineMs / 1000} s waiting for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
