const LOOK_EVERY_MS = 100;

/**
 * Looks again and again until `look` gives something other than null, undefined or false, and resolves with that.
 *
 * @throws {Error} naming `what`, when `withinMs` are over; a look that throws counts as one that saw nothing
 */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  withinMs = 30_000,
): Promise<T> {
  const until = Date.now() + withinMs;
  let last: unknown = null;
  for (;;) {
    try {
      const seen = await look();
      if (seen !== null && seen !== undefined && seen !== false) return seen;
      last = null;
    } catch (error) {
      last = error;
    }
    if (Date.now() > until) throw new Error(`not within ${withinMs} ms: ${what}`, { cause: last });
    await pause(LOOK_EVERY_MS);
  }
}

/** For the length of an outage or a freeze; to wait for something, use `eventually`. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
