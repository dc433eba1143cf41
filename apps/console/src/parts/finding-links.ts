/** Where a finding leads: the hosts that it is about. */
import type { FindingRow } from '@muster/api/findings';
import type { Search } from './search.ts';

/** The filters of the list of instances that show a finding's hosts; null for one that is about none. */
export function hostsOfFinding({
  kind,
  scope,
  hosts,
}: Pick<FindingRow, 'kind' | 'scope' | 'hosts'>): Search | null {
  if (kind.startsWith('cause:')) return { cause: kind.slice('cause:'.length) };
  const [what = '', word = ''] = split(scope);
  if (what === 'account' || what === 'region' || what === 'cause') return { [what]: word };
  if (what === 'instance') return { q: word };
  return hosts === null || hosts === 0 ? null : {};
}

function split(scope: string): readonly [string, string] {
  const colon = scope.indexOf(':');
  return [scope.slice(0, Math.max(0, colon)), scope.slice(colon + 1)];
}
