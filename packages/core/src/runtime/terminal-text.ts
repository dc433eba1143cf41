/**
 * What a terminal must never be sent, wherever it stands in a text: control characters (C0, DEL, C1), which move the
 * cursor, retitle the window or fill the clipboard; format characters (\p{Cf}: bidirectional controls, zero-width ones,
 * tags) and others that show nothing, which make two texts look alike or one read backwards; line and paragraph
 * separators; halves of surrogate pairs. Line feed, tab, and the line end of CSV stay.
 */
const UNSAFE = /(?![\n\t]|\r\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** What is no letter of ASCII may be unsafe; most texts are nothing else, and to look at each of their letters by its class takes ten times as long. */
const MAYBE_UNSAFE = /[^\x20-\x7E\n\t\r]|\r(?!\n)/;

/** What may not stand inside one line, and how it is written there. */
const LINE_BREAKS: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * The text with everything in it that a terminal must not be sent written as `\uXXXX`, so that a person sees it. In JSON
 * such characters stand inside strings only, so a JSON document stays one, with the same values. Idempotent.
 */
export function terminalText(text: string): string {
  return MAYBE_UNSAFE.test(text) ? text.replace(UNSAFE, escapeUnits) : text;
}

/**
 * For a foreign text inside a line of ours: as `terminalText`, and line ends and tabs are written as `\n`, `\r` and `\t`.
 * A name with a line end in it cannot make up a line of a report.
 */
export function terminalLine(text: string): string {
  return terminalText(text.replaceAll(/[\n\r\t]/g, (one) => LINE_BREAKS[one] ?? ''));
}

function escapeUnits(character: string): string {
  return Array.from(
    { length: character.length },
    (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
  ).join('');
}
