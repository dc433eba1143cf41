/** Characters that no POSIX shell gives a meaning to, anywhere in a word. */
const PLAIN = /^[A-Za-z0-9_.,:/@%+=-]+$/;

/** One word of shell input that stands for exactly `text`, always in single quotes. Newlines stay; NUL cannot be a word. */
export function quoteForShell(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** The same, quoted only when it must be: for texts that people read, and for documents older than the quoting. */
export function shellWord(text: string): string {
  return PLAIN.test(text) ? text : quoteForShell(text);
}
