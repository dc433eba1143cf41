const UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB'];
const STEP = 1_024;

/** `512 bytes`, `3.4 MB`: two figures where one would hide much. */
export function bytes(value: number): string {
  const unit = Math.min(UNITS.length - 1, value < 1 ? 0 : Math.floor(Math.log(value) / Math.log(STEP)));
  const amount = value / STEP ** unit;
  return `${unit > 0 && amount < 10 ? amount.toFixed(1) : Math.round(amount)} ${UNITS[unit]}`;
}
