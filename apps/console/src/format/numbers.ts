/** How figures are said. */

const decimal = new Intl.NumberFormat('en-US');

/** `12,345`. */
export function figure(value: number): string {
  return decimal.format(value);
}

/** `1 host`, `2 hosts`. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${figure(value)} ${value === 1 ? one : many}`;
}

/** Part of a whole in percent: `<1 %` and `>99 %` never read as none and all. Of nothing it is `0 %`. */
export function share(some: number, all: number): string {
  if (all <= 0 || some <= 0) return '0 %';
  const percent = (100 * some) / all;
  if (percent < 1) return '<1 %';
  if (some < all && percent > 99) return '>99 %';
  return `${Math.round(percent)} %`;
}
