/** Text from hosts, tags and names is written by others: it must not deceive the reader. React escapes markup by itself. */

/** Controls, and what turns the direction of text or is not seen; new lines and tabs are kept. */
const DECEIVING =
  // oxlint-disable-next-line no-control-regex -- these are what is to be shown as they are
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

/** Writes characters that are not seen, or that turn text round, as `\u202e`. */
export function plainText(text: string): string {
  return text.replaceAll(DECEIVING, (one) => {
    const point = (one.codePointAt(0) ?? 0).toString(16);
    return point.length > 4 ? `\\u{${point}}` : `\\u${point.padStart(4, '0')}`;
  });
}
