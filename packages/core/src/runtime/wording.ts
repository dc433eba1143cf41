/** Figures in sentences for people. */

/** `1 host`, `12 hosts`. @param noun in the singular, with a regular plural */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** `12.5 %`. @param share 0..1 */
export function percent(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`;
}

/** The begin of a text, in whole characters: half of a surrogate pair is no JSON that every server takes. @param most in UTF-16 units */
export function beginOfText(text: string, most: number): string {
  return text.length <= most ? text : text.slice(0, most).replace(/[\uD800-\uDBFF]$/u, '');
}
