/** Where a finding leads: the hosts that it is about. */
import type { FindingRow } from '@muster/api/findings';
import type { Search } from './search.ts';

/** The filters of the list of instances that show a finding's hosts; null for one that is about none. */
export function hostsOfFinding({
  kind,
  scope,
  hosts,
}: Pick<FindingRow, 'kind' | 'scope' | 'hosts'>): Search | null {
  if (OF_READING.has(kind)) return null;
  if (kind.startsWith('cause:')) return { cause: kind.slice('cause:'.length) };
  const [what, word] = split(scope);
  if (what === 'account' || what === 'region' || what === 'cause') return { [what]: word };
  if (what === 'instance') return { q: word };
  return hosts === null || hosts === 0 ? null : {};
}

/** The account whose page says most of a finding; null for one that is about no single account. */
export function accountOfFinding({ kind, scope }: Pick<FindingRow, 'kind' | 'scope'>): string | null {
  if (!OF_READING.has(kind)) return null;
  return /^(?:account:|target:)?(\d{12})(?:\.|$)/.exec(scope)?.[1] ?? null;
}

/** What an account's page shows best: how it was read. */
const OF_READING = new Set([
  'accounts-not-read',
  'targets-not-read',
  'host-management-off',
  'aws-unanswered',
]);

function split(scope: string): readonly [string, string] {
  const colon = scope.indexOf(':');
  return [scope.slice(0, Math.max(0, colon)), scope.slice(colon + 1)];
}
