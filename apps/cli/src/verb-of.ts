/** Options before the verb that take the word after them. */
const WITH_VALUE: ReadonlySet<string> = new Set(['--config', '--url', '--token-file', '--ca-file']);

/** The first word that is no option and no option's value; empty without. */
export function verbOf(argv: readonly string[]): string {
  for (let at = 0; at < argv.length; at += 1) {
    const word = argv[at] ?? '';
    if (!word.startsWith('-')) return word;
    // Whatever it looks like: `--config --url status` has a file of an odd name.
    if (WITH_VALUE.has(word)) at += 1;
  }
  return '';
}
