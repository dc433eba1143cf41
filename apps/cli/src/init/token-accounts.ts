import { AccountId } from '@muster/core/organization/ids';

/** Far more than an organization may have (50,000). */
const MOST_ACCOUNTS = 100_000;

/**
 * The accounts in a file: ids of 12 digits, separated by white space or commas, `#` begins a comment. Sorted, each once.
 * Null stays null. Adds what is wrong to `faults`, with the line.
 */
export function readTokenAccounts(text: string | null, faults: string[]): readonly string[] | null {
  if (text === null) return null;
  const ids = new Set<string>();
  const bad: string[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    for (const word of line.replace(/#.*$/, '').split(/[\s,]+/)) {
      if (word === '') continue;
      if (AccountId.safeParse(word).success) {
        ids.add(word);
        continue;
      }
      const shown = JSON.stringify(word.slice(0, 40));
      bad.push(`--token-accounts line ${index + 1}: ${shown} is no account id (12 digits)`);
    }
  }
  faults.push(...bad.slice(0, 10));
  if (bad.length > 10) faults.push(`--token-accounts: and ${bad.length - 10} more`);
  if (bad.length === 0 && ids.size === 0) faults.push('--token-accounts: there is no account id in the file');
  if (ids.size > MOST_ACCOUNTS) faults.push(`--token-accounts: more than ${MOST_ACCOUNTS} accounts`);
  return [...ids].toSorted();
}
