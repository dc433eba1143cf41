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
  /** By account: how its targets were read, by their ids. */
  const coverages = new Map<string, Map<string, Coverage>>();
  let changed = new Set<string>();

  function put(some: Iterable<AccountFacts>, readings: Iterable<CoverageFacts>): void {
    for (const { accountId, name, ancestorIds } of some) {
      accounts.set(accountId, { accountId, name, ancestorIds });
      changed.add(accountId);
    }
    for (const { id, coverage } of readings) {
      const accountId = accountOf(id);
      const ofAccount = coverages.get(accountId) ?? new Map<string, Coverage>();
      coverages.set(accountId, ofAccount.set(id, coverage));
      changed.add(accountId);
    }
  }

  return {
    put,

    /** Takes away what the ledger does not know any more. */
    remove(ids: Iterable<string>): void {
      for (const id of ids) {
        const accountId = accountOf(id);
        if (id === accountId) accounts.delete(id);
        const ofAccount = coverages.get(accountId);
        ofAccount?.delete(id);
        if (ofAccount?.size === 0) coverages.delete(accountId);
        changed.add(accountId);
      }
    },

    /** Everything that the ledger knows, in the place of all that was known before. */
    replace(all: Iterable<AccountFacts>, readings: Iterable<CoverageFacts>): void {
      for (const accountId of [...accounts.keys(), ...coverages.keys()]) changed.add(accountId);
      accounts.clear();
      coverages.clear();
      put(all, readings);
    },

    /** Accounts of which something has changed since this was asked last. */
    takeChanged(): ReadonlySet<string> {
      const taken = changed;
      changed = new Set();
      return taken;
    },

    accounts: (): Iterable<AccountFacts> => accounts.values(),
    /** Null for one that no listing has shown. */
    account: (accountId: string): AccountFacts | null => accounts.get(accountId) ?? null,
    *coverages(): Iterable<readonly [id: string, coverage: Coverage]> {
      for (const ofAccount of coverages.values()) yield* ofAccount;
    },
    coveragesOf: (accountId: string): ReadonlyMap<string, Coverage> =>
      coverages.get(accountId) ?? NO_COVERAGES,
    /** Empty for one that no listing has shown. */
    nameOf: (accountId: string): string => accounts.get(accountId)?.name ?? '',
    isBelow: (accountId: string, unit: string): boolean =>
      accounts.get(accountId)?.ancestorIds.includes(unit) ?? false,
  };
}

const NO_COVERAGES: ReadonlyMap<string, Coverage> = new Map();

export type KnownPlaces = ReturnType<typeof createPlaces>;

/** Of a target's id, of `ACCOUNT.*`, and of an account's id itself. */
function accountOf(id: string): string {
  const dot = id.indexOf('.');
  return dot === -1 ? id : id.slice(0, dot);
}
