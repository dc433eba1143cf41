/** Rows of accounts and targets: who is known, and how each was last read. */
import type { DatabaseSync } from 'node:sqlite';
import type { Account } from '@muster/core/organization/account';
import type { Coverage } from '@muster/core/organization/coverage';

/** What is known of a place; null: it is known no more. */
export type AccountFacts = Pick<Account, 'accountId' | 'name' | 'ancestorIds' | 'tags'>;

/** A target's id, or `ACCOUNT.*`, as `CoverageLedger.all` has it. */
export interface CoverageFacts {
  readonly id: string;
  readonly coverage: Coverage;
}

/** The tables of accounts and targets inside of `db`. The caller holds the transaction. */
export function createPlaceTable(db: DatabaseSync) {
  const putAccount = db.prepare('INSERT OR REPLACE INTO accounts VALUES (?, ?, ?, ?)');
  const removeAccount = db.prepare('DELETE FROM accounts WHERE id = ?');
  const putTarget = db.prepare('INSERT OR REPLACE INTO targets VALUES (?, ?, ?, ?, ?, ?, ?)');
  const removeTarget = db.prepare('DELETE FROM targets WHERE account = ? AND region = ?');

  function put(accounts: Iterable<AccountFacts>, coverages: Iterable<CoverageFacts>): void {
    for (const { accountId, name, ancestorIds, tags = {} } of accounts) {
      putAccount.run(accountId, name, JSON.stringify(ancestorIds), JSON.stringify(tags));
    }
    for (const { id, coverage } of coverages) {
      const { status, cause, detail, attemptedAtMs, completeAtMs } = coverage;
      putTarget.run(...split(id), status, cause ?? '', detail, attemptedAtMs, completeAtMs);
    }
  }

  return {
    put,

    /** Takes away what the ledger does not know any more. */
    remove(accountIds: Iterable<string>, targetIds: Iterable<string>): void {
      for (const id of accountIds) removeAccount.run(id);
      for (const id of targetIds) removeTarget.run(...split(id));
    },

    /** Everything that the ledger knows, in the place of all that was known before. */
    replace(accounts: Iterable<AccountFacts>, coverages: Iterable<CoverageFacts>): void {
      db.exec('DELETE FROM accounts; DELETE FROM targets;');
      put(accounts, coverages);
    },
  };
}

export type PlaceTable = ReturnType<typeof createPlaceTable>;

function split(id: string): readonly [account: string, region: string] {
  const dot = id.indexOf('.');
  return [id.slice(0, dot), id.slice(dot + 1)];
}
