/** Which rows a text search and tags find. */
import type { InstanceFilter } from '@muster/api/instances';
import type { InstanceTable } from './instance-table.ts';
import type { KnownPlaces } from './places.ts';
import { searchWords, tagText } from './search-text.ts';
import type { Tallies } from './tallies.ts';

/** What is read: rows, their counts, and the places that they lie in. */
export interface InstanceSource {
  readonly instances: InstanceTable;
  readonly tallies: Tallies;
  readonly places: KnownPlaces;
}

/**
 * By row: 1 for what a search finds; null for a filter that searches nothing. Each word must be part of an id, of a name, of a
 * tag, or of its account's id or name; of tags any.
 */
export function searchRows(source: InstanceSource, { q, tag }: InstanceFilter): Uint8Array | null {
  const { texts, size } = source.instances;
  let found: Uint8Array | null = null;
  for (const word of searchWords(q)) {
    const ofWord = texts.find(word, size());
    addAccounts(source, word, ofWord);
    found = found === null ? ofWord : both(found, ofWord);
  }
  if (tag === undefined || tag.length === 0) return found;
  const [first = '', ...others] = tag.map(tagText);
  const ofTags = texts.find(first, size());
  for (const other of others) {
    const ofOther = texts.find(other, size());
    for (let row = 1; row < ofOther.length; row += 1) if (ofOther[row] === 1) ofTags[row] = 1;
  }
  return found === null ? ofTags : both(found, ofTags);
}

/** All hosts of an account are found with it. */
function addAccounts({ instances, tallies, places }: InstanceSource, word: string, found: Uint8Array): void {
  const isFound = tallies.words.account.table(
    (account) =>
      account !== '' && (account.includes(word) || places.nameOf(account).toLowerCase().includes(word)),
  );
  if (!isFound.includes(1)) return;
  const account = tallies.column('account');
  const { tally } = instances.columns;
  // Row 0 and free rows have tally 0, which has no account.
  for (let row = 1; row < found.length; row += 1) {
    if (isFound[account[tally[row] ?? 0] ?? 0] === 1) found[row] = 1;
  }
}

/** Keeps in `one` what both have. */
function both(one: Uint8Array, other: Uint8Array): Uint8Array {
  for (let row = 0; row < one.length; row += 1) if (other[row] !== 1) one[row] = 0;
  return one;
}
