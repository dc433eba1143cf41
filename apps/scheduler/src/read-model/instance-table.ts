/** Rows of instances: what a record of the ledger becomes in the read model. */
import type { DatabaseSync } from 'node:sqlite';
import type { Versioned } from '@muster/core/enrollment/enrollment-store';
import { causeOf, stateOf, type StoredRecord } from '@muster/core/enrollment/record';
import { candidateAt } from '@muster/core/enrollment/record-codec';
import type { Target } from '@muster/core/organization/target';
import { NEVER_MS } from './schema.ts';

const COLUMNS = [
  'id',
  'account',
  'region',
  'state',
  'cause',
  'wave',
  'matcher',
  'platform',
  'since',
  'joined_at',
  'next_at',
  'attempts',
  'exit_code',
  'version',
  'name',
  'tags',
] as const;

const KEY = 3;

type Value = string | number | null;

/** The table of instances inside of `db`. The caller holds the transaction. */
export function createInstanceTable(db: DatabaseSync) {
  const put = db.prepare(
    `INSERT INTO instances (${COLUMNS.join(', ')}) VALUES (${COLUMNS.map(() => '?').join(', ')})
     ON CONFLICT (id, account, region) DO UPDATE SET
     ${COLUMNS.slice(KEY)
       .map((column) => `${column} = excluded.${column}`)
       .join(', ')}`,
  );
  const remove = db.prepare('DELETE FROM instances WHERE id = ? AND account = ? AND region = ?');
  const versions = db.prepare('SELECT id, version FROM instances WHERE account = ? AND region = ?');
  const targets = db.prepare('SELECT DISTINCT account, region FROM tallies');
  const count = db.prepare('SELECT ifnull(sum(hosts), 0) AS hosts FROM tallies');
  const states = db.prepare('SELECT state, sum(hosts) AS hosts FROM tallies GROUP BY state');

  return {
    put(target: Target, records: Iterable<Versioned<StoredRecord>>): void {
      for (const record of records) put.run(...rowOf(target, record));
    },

    /** Takes rows away; one that is not there is none. */
    remove({ accountId, region }: Target, ids: Iterable<string>): void {
      for (const id of ids) remove.run(id, accountId, region);
    },

    /** At which version each instance of a target is known. */
    versionsOf({ accountId, region }: Target): ReadonlyMap<string, number> {
      const rows = versions.all(accountId, region);
      return new Map(rows.map((row) => [String(row['id']), Number(row['version'])]));
    },

    /** Targets of which a row is known. */
    targets(): readonly Target[] {
      return targets.all().map((row) => ({ accountId: row['account'], region: row['region'] }) as Target);
    },

    count(): number {
      return Number(count.get()?.['hosts'] ?? 0);
    },

    byState(): ReadonlyMap<string, number> {
      return new Map(states.all().map((row) => [String(row['state']), Number(row['hosts'])]));
    },
  };
}

export type InstanceTable = ReturnType<typeof createInstanceTable>;

function rowOf({ accountId, region }: Target, { version, value }: Versioned<StoredRecord>): readonly Value[] {
  const { instanceId, wave = '', matcherKey, platform = '', changedAtMs, joinedAtMs, attemptCount } = value;
  const { tags = {} } = value;
  return [
    instanceId,
    accountId,
    region,
    stateOf(value),
    causeOf(value) ?? '',
    wave,
    matcherKey,
    platform,
    whole(changedAtMs),
    whole(joinedAtMs ?? NEVER_MS),
    whole(candidateAt(value) ?? NEVER_MS),
    whole(attemptCount),
    value.attempts.at(-1)?.exitCode ?? null,
    version,
    tags['Name'] ?? '',
    Object.keys(tags).length === 0 ? '' : JSON.stringify(tags),
  ];
}

/** Another client's number may have a fraction, which a cursor would not find again. */
function whole(value: number): number {
  return Math.trunc(value);
}
