/** Whether a person is at the page: what it asks for by itself keeps no session from being idle. */

/** After the last sign of a person the page's questions are still taken for the person's. */
const ATTENTIVE_MS = 60_000;

const SIGNS = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'] as const;

/** To open the page is a sign, too. */
let lastSignMs = Date.now();

/** Begins to look for signs of a person. */
export function watchAttention(): void {
  for (const sign of SIGNS) {
    addEventListener(
      sign,
      () => {
        lastSignMs = Date.now();
      },
      { passive: true, capture: true },
    );
  }
}

/** What a request says that the page sends by itself; nothing while a person is at it. */
export function backgroundHeader(nowMs = Date.now()): Readonly<Record<string, string>> {
  // A clock that was set back says nothing.
  const isAttentive = Math.abs(nowMs - lastSignMs) < ATTENTIVE_MS;
  return isAttentive ? {} : { 'X-Muster-Background': '1' };
}
