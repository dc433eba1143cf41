/** Rows of instances: what a record of the ledger becomes in the read model. */
import type { DatabaseSync } from 'node:sqlite';
import type { Versioned } from '@muster/core/enrollment/enrollment-store';
import { causeOf, stateOf, type StoredRecord } from '@muster/core/enrollment/record';
import { candidateAt } from '@muster/core/enrollment/record-codec';
import { readTargetId, targetId, type Target } from '@muster/core/organization/target';
import { searchText } from './search-text.ts';
import { inTransaction, NEVER_MS } from './schema.ts';
import type { Tallies, TallyFacts } from './tallies.ts';

const KEY = ['id', 'account', 'region'] as const;
const REST = [
  ...([
    'state',
    'cause',
    'wave',
    'matcher',
    'platform',
    'since',
    'joined_at',
    'next_at',
    'attempts',
  ] as const),
  ...(['exit_code', 'version', 'name', 'tags', 'tally'] as const),
] as const;

/** The table of instances inside of `db`, with what is searched and the tallies. */
export function createInstanceTable(db: DatabaseSync, tallies: Tallies) {
  const find = db.prepare('SELECT n, tally FROM instances WHERE id = ? AND account = ? AND region = ?');
  const insert = db.prepare(
    `INSERT INTO instances (${[...KEY, ...REST].join(', ')}) VALUES (${[...KEY, ...REST].map(() => '?').join(', ')})`,
  );
  const update = db.prepare(
    `UPDATE instances SET ${REST.map((name) => `${name} = ?`).join(', ')} WHERE n = ?`,
  );
  const remove = db.prepare('DELETE FROM instances WHERE n = ?');
  const addText = db.prepare('INSERT INTO found_by VALUES (?, ?, ?)');
  const removeText = db.prepare('DELETE FROM found_by WHERE tally = ? AND n = ?');
  const versions = db.prepare(
    'SELECT id, version FROM instances WHERE tally IN (SELECT value FROM json_each(?))',
  );

  function take(id: string, { accountId, region }: Target): number | null {
    const row = find.get(id, accountId, region);
    if (row === undefined) return null;
    const [n, tally] = [Number(row['n']), Number(row['tally'])];
    removeText.run(tally, n);
    tallies.discount(tally);
    return n;
  }

  return {
    put(target: Target, records: Iterable<Versioned<StoredRecord>>): void {
      inTransaction(db, () => {
        for (const { version, value } of records) {
          const known = take(value.instanceId, target);
          const tally = tallies.count(factsOf(target, value));
          const rest = [...valuesOf(value), version, ...textsOf(value), tally];
          let n = known;
          if (n === null) {
            const key = [value.instanceId, target.accountId, target.region];
            n = Number(insert.run(...key, ...rest).lastInsertRowid);
          } else {
            update.run(...rest, n);
          }
          addText.run(tally, n, searchText(value.instanceId, value.tags ?? {}));
        }
      });
    },

    /** Takes rows away; one that is not there is none. */
    remove(target: Target, ids: Iterable<string>): void {
      inTransaction(db, () => {
        for (const id of ids) {
          const n = take(id, target);
          if (n !== null) remove.run(n);
        }
      });
    },

    /** At which version each instance of a target is known. */
    versionsOf(target: Target): ReadonlyMap<string, number> {
      const ofTarget = [...(tallies.byTarget().get(targetId(target)) ?? [])];
      if (ofTarget.length === 0) return new Map();
      const rows = versions.all(JSON.stringify(ofTarget.map(({ n }) => n)));
      return new Map(rows.map((row) => [String(row['id']), Number(row['version'])]));
    },

    /** Targets of which a row is known. */
    targets(): readonly Target[] {
      return [...tallies.byTarget().keys()].map(readTargetId).filter((target) => target !== null);
    },
  };
}

export type InstanceTable = ReturnType<typeof createInstanceTable>;

function factsOf({ accountId, region }: Target, record: StoredRecord): TallyFacts {
  const { wave = '', matcherKey, platform = '' } = record;
  return {
    account: accountId,
    region,
    state: stateOf(record),
    cause: causeOf(record) ?? '',
    wave,
    matcher: matcherKey,
    platform,
  };
}

/** In the order of `REST`, up to the exit code. */
function valuesOf(record: StoredRecord): readonly (string | number | null)[] {
  const { wave = '', matcherKey, platform = '', changedAtMs, joinedAtMs, attemptCount } = record;
  const times = [changedAtMs, joinedAtMs ?? NEVER_MS, candidateAt(record) ?? NEVER_MS, attemptCount];
  const exitCode = record.attempts.at(-1)?.exitCode ?? null;
  const words = [stateOf(record), causeOf(record) ?? '', wave, matcherKey, platform];
  return [...words, ...times.map(Math.trunc), exitCode];
}

function textsOf({ tags = {} }: StoredRecord): readonly [name: string, tags: string] {
  return [tags['Name'] ?? '', Object.keys(tags).length === 0 ? '' : JSON.stringify(tags)];
}
