/** Options before the verb that take the word after them. */
const WITH_VALUE: ReadonlySet<string> = new Set(['--config', '--url', '--token-file', '--ca-file']);

/** The first word that is no option and no option's value; empty without. */
export function verbOf(argv: readonly string[]): string {
  return argv.find((word, at) => !word.startsWith('-') && !WITH_VALUE.has(argv[at - 1] ?? '')) ?? '';
}
