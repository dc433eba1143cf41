import { causeFacts, type CauseOwner } from '@muster/core/enrollment/cause';
import type { CoverageLedger } from '@muster/core/organization/coverage-store';
import type { AccountId } from '@muster/core/organization/ids';

/** A cause as a page or a list shows it. */
export interface CauseText {
  readonly cause: string;
  readonly title: string;
  /** Who must act, as a phrase. */
  readonly owner: string;
  readonly remedy: string;
}

const OWNERS: Readonly<Record<CauseOwner, string>> = {
  operator: 'You, who run Muster',
  'host-owner': 'The owner of the host',
  'aws-admin': 'The AWS administrator',
  'teleport-admin': 'The Teleport administrator',
  muster: 'No person: Muster tries again',
};

/** `The AWS administrator`, as pages and lists name whom they mean. */
export function ownerPhrase(owner: CauseOwner): string {
  return OWNERS[owner];
}

/** Explains a cause. */
export function explainCause(cause: string): CauseText {
  const { title, owner, remedy } = causeFacts(cause);
  return { cause, title, owner: OWNERS[owner], remedy };
}

/** Names of accounts as Organizations has them, each asked once; one that the ledger does not know is left out. */
export async function readAccountNames(
  coverage: Pick<CoverageLedger, 'account'>,
  accountIds: Iterable<AccountId>,
): Promise<ReadonlyMap<AccountId, string>> {
  const known = await Promise.all([...new Set(accountIds)].map((accountId) => coverage.account(accountId)));
  return new Map(
    known.filter((one) => one !== null).map(({ account }) => [account.accountId, account.name] as const),
  );
}
