/** The candidate that `word` is most likely a slip of; null when none is near. Equal distances keep the candidates' order. */
export function nearest(word: string, candidates: Iterable<string>): string | null {
  const wanted = plain(word);
  let best: string | null = null;
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(wanted, plain(candidate), bestDistance);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Words that other tools have for our keys, too far from them in letters. */
const OTHER_WORDS: Readonly<Record<string, string>> = {
  accounts: 'include_accounts',
  accountids: 'include_accounts',
  accountid: 'include_accounts',
  account: 'include_accounts',
  awsaccounts: 'include_accounts',
  awsaccountids: 'include_accounts',
  includeaccountids: 'include_accounts',
  onlyaccounts: 'include_accounts',
  allowedaccounts: 'include_accounts',
  excludeaccountids: 'exclude_accounts',
  excludedaccounts: 'exclude_accounts',
  skipaccounts: 'exclude_accounts',
  ignoreaccounts: 'exclude_accounts',
  ignoredaccounts: 'exclude_accounts',
  ous: 'organizational_units',
  ouids: 'organizational_units',
  units: 'organizational_units',
  orgid: 'organization_id',
  org: 'organization',
  rolearn: 'assume_role_arn',
  rolename: 'assume_role_name',
  filters: 'tags',
  tagfilters: 'tags',
  instancetags: 'tags',
  labels: 'tags',
  excludedtags: 'exclude_tags',
  ignoretags: 'exclude_tags',
  skiptags: 'exclude_tags',
  document: 'document_name',
  tokenname: 'join_token',
};

/** The key of `candidates` that another tool calls `word`; null when none is known. */
export function otherWordFor(word: string, candidates: readonly string[]): string | null {
  const meant = Object.hasOwn(OTHER_WORDS, plain(word)) ? OTHER_WORDS[plain(word)] : undefined;
  return meant !== undefined && candidates.includes(meant) ? meant : null;
}

/** Case and separators do not count: `discoveryGroup` is `discovery_group`. */
function plain(word: string): string {
  return word.toLowerCase().replace(/[-_.\s]/g, '');
}

/** Inserted, lost, changed and swapped letters between two words; gives up with `limit` when it is at least that. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const changed = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, changed);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return Math.min(last[b.length] ?? limit, limit);
}
