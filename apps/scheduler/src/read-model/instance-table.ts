/** Rows of instances: what a record of the ledger becomes in the read model. */
import { causeOf, stateOf, type StoredRecord } from '@muster/core/enrollment/record';
import { candidateAt } from '@muster/core/enrollment/record-codec';
import { readTargetId, targetId, type Target } from '@muster/core/organization/target';
import { withRoom } from './column.ts';
import { createRowIndex } from './row-index.ts';
import { createRowTexts } from './row-texts.ts';
import { searchText } from './search-text.ts';
import type { Tallies, TallyFacts } from './tallies.ts';
import type { SealedRecord } from '@muster/core/enrollment/seal';
import { headOf } from './text-head.ts';

/** In the place of a time that never comes: sorts last. */
export const NEVER_MS = 9_000_000_000_000_000;

/**
 * What is known of instances, by row. Row 0 is none; one that is free has tally 0. A column is longer than there are rows, and
 * another one after `put`.
 */
export interface InstanceColumns {
  readonly ids: readonly string[];
  /** Empty without. */
  readonly names: readonly string[];
  /** See `headOf`. */
  readonly idHeads: Float64Array;
  readonly nameHeads: Float64Array;
  /** JSON; empty without any. */
  readonly tags: readonly string[];
  readonly tally: Uint32Array;
  /** Epoch ms, as are the next two; `NEVER_MS` for never. */
  readonly since: Float64Array;
  readonly joinedAt: Float64Array;
  readonly nextAt: Float64Array;
  readonly attempts: Float64Array;
}

/** The rows of all instances, column by column: a million take a third of a gigabyte. */
export function createInstanceTable(tallies: Tallies) {
  const texts = createRowTexts();
  const index = createRowIndex();
  const columns = {
    ids: index.ids,
    names: [''],
    idHeads: new Float64Array(),
    nameHeads: new Float64Array(),
    tags: [''],
    tally: new Uint32Array(),
    since: new Float64Array(),
    joinedAt: new Float64Array(),
    nextAt: new Float64Array(),
    attempts: new Float64Array(),
    /** NaN for none. */
    exitCode: new Float64Array(),
    version: new Float64Array(),
  };

  function makeRoom(row: number): void {
    if (row < columns.tally.length) return;
    columns.idHeads = withRoom(columns.idHeads, row);
    columns.nameHeads = withRoom(columns.nameHeads, row);
    columns.since = withRoom(columns.since, row);
    columns.joinedAt = withRoom(columns.joinedAt, row);
    columns.nextAt = withRoom(columns.nextAt, row);
    columns.attempts = withRoom(columns.attempts, row);
    columns.exitCode = withRoom(columns.exitCode, row);
    columns.version = withRoom(columns.version, row);
    // Last: its length says that all have room.
    columns.tally = withRoom(columns.tally, row);
  }

  function freeRow(row: number): void {
    tallies.discount(columns.tally[row] ?? 0);
    texts.drop(row);
    columns.tally[row] = 0;
    columns.names[row] = '';
    columns.tags[row] = '';
    index.remove(row);
  }

  /** @param isNew whether the row has no text yet */
  function write(row: number, isNew: boolean, { version, value: record }: SealedRecord): void {
    const { changedAtMs, joinedAtMs, attemptCount, attempts, tags = {} } = record;
    columns.since[row] = Math.trunc(changedAtMs);
    columns.joinedAt[row] = Math.trunc(joinedAtMs ?? NEVER_MS);
    columns.nextAt[row] = Math.trunc(candidateAt(record) ?? NEVER_MS);
    columns.attempts[row] = Math.trunc(attemptCount);
    columns.exitCode[row] = attempts.at(-1)?.exitCode ?? Number.NaN;
    columns.version[row] = version;
    const json = Object.keys(tags).length === 0 ? '' : JSON.stringify(tags);
    // Most of what is written leaves them as they are.
    if (isNew) columns.idHeads[row] = headOf(record.instanceId);
    else if (columns.tags[row] === json) return;
    columns.tags[row] = json;
    const name = tags['Name'] ?? '';
    columns.names[row] = name;
    columns.nameHeads[row] = headOf(name);
    texts.set(row, searchText(record.instanceId, tags));
  }

  return {
    texts,
    columns: columns as InstanceColumns,
    size: index.size,

    put(target: Target, records: Iterable<SealedRecord>): void {
      const number = index.numberOf(targetId(target));
      for (const record of records) {
        const { instanceId } = record.value;
        const known = index.find(instanceId, number);
        const row = known === 0 ? index.add(instanceId, number) : known;
        makeRoom(row);
        const tally = tallies.count(factsOf(target, record.value));
        if (known !== 0) tallies.discount(columns.tally[row] ?? 0);
        columns.tally[row] = tally;
        write(row, known === 0, record);
      }
    },

    /** Takes rows away; one that is not there is none. */
    remove(target: Target, ids: Iterable<string>): void {
      const number = index.numberOf(targetId(target));
      for (const id of ids) {
        const row = index.find(id, number);
        if (row !== 0) freeRow(row);
      }
    },

    /** At which version each instance of a target is known. */
    versionsOf(target: Target): ReadonlyMap<string, number> {
      const versions = new Map<string, number>();
      for (const row of index.ofTarget(index.numberOf(targetId(target)))) {
        versions.set(columns.ids[row] ?? '', columns.version[row] ?? 0);
      }
      return versions;
    },

    /** Targets of which a row is known. */
    targets(): readonly Target[] {
      return [...tallies.byTarget().keys()].map(readTargetId).filter((target) => target !== null);
    },

    /** How the last command for it ended; null where none has an exit code. */
    exitCodeOf(row: number): number | null {
      const code = columns.exitCode[row] ?? Number.NaN;
      return Number.isNaN(code) ? null : code;
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
