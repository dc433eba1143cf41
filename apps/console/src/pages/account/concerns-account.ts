import type { AccountRow, TargetRow } from '@muster/api/accounts';
import type { FindingRow } from '@muster/api/findings';

/** A place that may not have been read, and why. */
type Unread = Pick<AccountRow | TargetRow, 'cause' | 'detail' | 'status'>;

/**
 * Whether a finding is about an account: by its scope, or because it sums up places that were not read for the reason for which
 * this one was not. A thousand denied accounts are one finding, and each of them shows its remedy.
 */
export function concernsAccount(
  { kind, scope }: Pick<FindingRow, 'kind' | 'scope'>,
  account: Unread & Pick<AccountRow, 'accountId'>,
): boolean {
  const { accountId, status } = account;
  if (scope === `account:${accountId}` || scope.startsWith(`target:${accountId}.`)) return true;
  if (status === 'complete') return false;
  if (kind === 'accounts-not-read') return isSameReason('accounts:', scope, account);
  return kind === 'targets-not-read' && isSameReason('targets:', scope, account);
}

/** The scope of a sum is `accounts:CAUSE`, with the refused action behind it where there is one. */
function isSameReason(prefix: string, scope: string, { cause, detail }: Unread): boolean {
  if (cause === null || !scope.startsWith(`${prefix}${cause}`)) return false;
  const rest = scope.slice(prefix.length + cause.length);
  if (rest === '') return true;
  return rest.startsWith(':') && detail.includes(rest.slice(1).replace(/:unreadable$/, ''));
}
