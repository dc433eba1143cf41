import type { Account } from '@muster/core/organization/account';
import type { Coverage } from '@muster/core/organization/coverage';

/** What is known of an account. */
export type AccountFacts = Pick<Account, 'accountId' | 'name' | 'ancestorIds'>;

/** A target's id, or `ACCOUNT.*`, as `CoverageLedger.all` has it. */
export interface CoverageFacts {
  readonly id: string;
  readonly coverage: Coverage;
}

/** Accounts and targets: who is known, and how each was last read. */
export function createPlaces() {
  const accounts = new Map<string, AccountFacts>();
  const coverages = new Map<string, Coverage>();

  function put(some: Iterable<AccountFacts>, readings: Iterable<CoverageFacts>): void {
    for (const { accountId, name, ancestorIds } of some) {
      accounts.set(accountId, { accountId, name, ancestorIds });
    }
    for (const { id, coverage } of readings) coverages.set(id, coverage);
  }

  return {
    put,

    /** Takes away what the ledger does not know any more. */
    remove(ids: Iterable<string>): void {
      for (const id of ids) {
        accounts.delete(id);
        coverages.delete(id);
      }
    },

    /** Everything that the ledger knows, in the place of all that was known before. */
    replace(all: Iterable<AccountFacts>, readings: Iterable<CoverageFacts>): void {
      accounts.clear();
      coverages.clear();
      put(all, readings);
    },

    accounts: (): Iterable<AccountFacts> => accounts.values(),
    coverages: (): Iterable<readonly [id: string, coverage: Coverage]> => coverages,
    /** Empty for one that no listing has shown. */
    nameOf: (accountId: string): string => accounts.get(accountId)?.name ?? '',
    isBelow: (accountId: string, unit: string): boolean =>
      accounts.get(accountId)?.ancestorIds.includes(unit) ?? false,
  };
}

export type KnownPlaces = ReturnType<typeof createPlaces>;
