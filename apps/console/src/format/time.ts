/** How times and durations are said. Times are ISO 8601 in UTC, as the API gives them. */

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Up to here hours and minutes say more than a number of days. */
const HOURS_UNTIL_MS = 2 * DAY_MS;

/** `2026-11-30 17:45:09 UTC`, as every log and command of Muster writes it. */
export function utc(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
}

/** `42 s`, `3 min`, `5 h 12 min`, `9 days`. Never negative. */
export function duration(ms: number): string {
  const whole = Math.max(0, ms);
  if (whole < MINUTE_MS) return `${Math.floor(whole / SECOND_MS)} s`;
  if (whole < HOUR_MS) return `${Math.floor(whole / MINUTE_MS)} min`;
  if (whole < HOURS_UNTIL_MS) {
    const minutes = Math.floor((whole % HOUR_MS) / MINUTE_MS);
    return `${Math.floor(whole / HOUR_MS)} h${minutes === 0 ? '' : ` ${minutes} min`}`;
  }
  return `${Math.floor(whole / DAY_MS)} days`;
}

/** `just now`, `3 min ago`, `in 5 h`. */
export function relative(iso: string, nowMs: number): string {
  const behindMs = nowMs - Date.parse(iso);
  if (Math.abs(behindMs) < 5 * SECOND_MS) return 'just now';
  return behindMs > 0 ? `${duration(behindMs)} ago` : `in ${duration(-behindMs)}`;
}

/** Labels under a chart for times in epoch seconds, UTC: hours and minutes, and the date where a day begins or nothing else differs. */
export function timeLabels(seconds: readonly number[]): string[] {
  const stepMs = ((seconds[1] ?? 0) - (seconds[0] ?? 0)) * SECOND_MS;
  return seconds.map((one) => {
    const iso = new Date(one * SECOND_MS).toISOString();
    const isDay = stepMs >= DAY_MS || iso.slice(11, 16) === '00:00';
    return isDay ? iso.slice(5, 10) : iso.slice(11, stepMs < MINUTE_MS ? 19 : 16);
  });
}
