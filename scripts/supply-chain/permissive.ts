/**
 * Licenses (SPDX) under which a package may be part of the product: they ask that their text and the names of the authors go along,
 * and nothing of the product itself.
 */
const PERMISSIVE: ReadonlySet<string> = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'ISC',
  'MIT',
  'MIT-0',
]);

/** Whether an SPDX expression lets a package in: one of what `OR` offers, all of what `AND` adds. Unknown is not let in. */
export function isPermissive(expression: string): boolean {
  const offers = expression.replaceAll(/[()]/g, '').split(/\s+OR\s+/);
  return offers.some((offer) => offer.split(/\s+AND\s+/).every((license) => PERMISSIVE.has(license.trim())));
}
