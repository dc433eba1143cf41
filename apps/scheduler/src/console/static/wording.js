/** How figures, times and statuses are said. */

const number = new Intl.NumberFormat('en-US');
export const count = (value) => number.format(value);
export const plural = (value, word) => `${count(value)} ${word}${value === 1 ? '' : 's'}`;

export function share(some, all) {
  const percent = (100 * some) / Math.max(1, all);
  return percent > 0 && percent < 1 ? '<1 %' : `${Math.round(percent)} %`;
}

/** The page shows UTC, as every log and command of Muster does. */
export function utc(iso) {
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
}

export function duration(ms) {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return pair(Math.floor(seconds / 60), 'min', seconds % 60, 's');
  if (seconds < 172_800) {
    return pair(Math.floor(seconds / 3_600), 'h', Math.floor((seconds % 3_600) / 60), 'min');
  }
  return `${Math.floor(seconds / 86_400)} days`;
}

function pair(large, largeUnit, small, smallUnit) {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** How a target was read, in the order of a bar: done first, waiting last. */
export const STATUSES = [
  { status: 'complete', label: 'complete', tone: 'good' },
  { status: 'partial', label: 'partial', tone: 'warn' },
  { status: 'throttled', label: 'throttled', tone: 'busy' },
  { status: 'denied', label: 'denied', tone: 'bad' },
  { status: 'failed', label: 'failed', tone: 'bad' },
  { status: 'regionOff', label: 'region off', tone: 'off' },
  { status: 'pending', label: 'not read yet', tone: 'wait' },
];
