/** Rows of instances: what a record of the ledger becomes in the read model. */
import type { Versioned } from '@muster/core/enrollment/enrollment-store';
import { causeOf, stateOf, type StoredRecord } from '@muster/core/enrollment/record';
import { candidateAt } from '@muster/core/enrollment/record-codec';
import { readTargetId, targetId, type Target } from '@muster/core/organization/target';
import { withRoom } from './column.ts';
import { createRowTexts } from './row-texts.ts';
import { searchText } from './search-text.ts';
import type { Tallies, TallyFacts } from './tallies.ts';
import { createWords } from './words.ts';

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
  const columns = {
    ids: [''],
    names: [''],
    tags: [''],
    tally: new Uint32Array(),
    since: new Float64Array(),
    joinedAt: new Float64Array(),
    nextAt: new Float64Array(),
    attempts: new Float64Array(),
    /** NaN for none. */
    exitCode: new Float64Array(),
    version: new Float64Array(),
    /** The number of its target. */
    target: new Uint32Array(),
    /** The next row of the same target, and the one before; 0 for none. */
    nextOfTarget: new Uint32Array(),
    beforeOfTarget: new Uint32Array(),
    /** The next row of the same id, in another target: an account's instance keeps its id in no other, but a forged record may name it. */
    nextOfId: new Uint32Array(),
  };
  const targets = createWords();
  /** By the target's number: its first row; 0 for none. */
  const firstOfTarget: number[] = [];
  const firstOfId = new Map<string, number>();
  const free: number[] = [];
  let size = 1;

  function find(id: string, target: number): number {
    let row = firstOfId.get(id) ?? 0;
    while (row !== 0 && columns.target[row] !== target) row = columns.nextOfId[row] ?? 0;
    return row;
  }

  function newRow(id: string, target: number): number {
    const row = free.pop() ?? size;
    size = Math.max(size, row + 1);
    makeRoom(row);
    columns.ids[row] = id;
    columns.target[row] = target;
    const [sameId, sameTarget] = [firstOfId.get(id) ?? 0, firstOfTarget[target] ?? 0];
    columns.nextOfId[row] = sameId;
    firstOfId.set(id, row);
    columns.beforeOfTarget[row] = 0;
    columns.nextOfTarget[row] = sameTarget;
    if (sameTarget !== 0) columns.beforeOfTarget[sameTarget] = row;
    firstOfTarget[target] = row;
    return row;
  }

  function makeRoom(row: number): void {
    if (row < columns.tally.length) return;
    columns.since = withRoom(columns.since, row);
    columns.joinedAt = withRoom(columns.joinedAt, row);
    columns.nextAt = withRoom(columns.nextAt, row);
    columns.attempts = withRoom(columns.attempts, row);
    columns.exitCode = withRoom(columns.exitCode, row);
    columns.version = withRoom(columns.version, row);
    columns.target = withRoom(columns.target, row);
    columns.nextOfTarget = withRoom(columns.nextOfTarget, row);
    columns.beforeOfTarget = withRoom(columns.beforeOfTarget, row);
    columns.nextOfId = withRoom(columns.nextOfId, row);
    // Last: its length says that all have room.
    columns.tally = withRoom(columns.tally, row);
  }

  function freeRow(row: number): void {
    const id = columns.ids[row] ?? '';
    const [before, next] = [columns.beforeOfTarget[row] ?? 0, columns.nextOfTarget[row] ?? 0];
    if (before === 0) firstOfTarget[columns.target[row] ?? 0] = next;
    else columns.nextOfTarget[before] = next;
    if (next !== 0) columns.beforeOfTarget[next] = before;
    unlinkId(id, row);
    tallies.discount(columns.tally[row] ?? 0);
    texts.drop(row);
    columns.tally[row] = 0;
    columns.ids[row] = '';
    columns.names[row] = '';
    columns.tags[row] = '';
    free.push(row);
  }

  function unlinkId(id: string, row: number): void {
    const next = columns.nextOfId[row] ?? 0;
    let before = firstOfId.get(id) ?? 0;
    if (before === row && next === 0) firstOfId.delete(id);
    else if (before === row) firstOfId.set(id, next);
    else {
      while (columns.nextOfId[before] !== row) before = columns.nextOfId[before] ?? 0;
      columns.nextOfId[before] = next;
    }
  }

  /** @param isNew whether the row has no text yet */
  function write(row: number, isNew: boolean, { version, value: record }: Versioned<StoredRecord>): void {
    const { changedAtMs, joinedAtMs, attemptCount, attempts, tags = {} } = record;
    columns.since[row] = Math.trunc(changedAtMs);
    columns.joinedAt[row] = Math.trunc(joinedAtMs ?? NEVER_MS);
    columns.nextAt[row] = Math.trunc(candidateAt(record) ?? NEVER_MS);
    columns.attempts[row] = Math.trunc(attemptCount);
    columns.exitCode[row] = attempts.at(-1)?.exitCode ?? Number.NaN;
    columns.version[row] = version;
    const json = Object.keys(tags).length === 0 ? '' : JSON.stringify(tags);
    // Most of what is written leaves them as they are.
    if (!isNew && columns.tags[row] === json) return;
    columns.tags[row] = json;
    columns.names[row] = tags['Name'] ?? '';
    texts.set(row, searchText(record.instanceId, tags));
  }

  return {
    texts,
    columns: columns as InstanceColumns,
    /** All rows are below. */
    size: (): number => size,

    put(target: Target, records: Iterable<Versioned<StoredRecord>>): void {
      const number = targets.add(targetId(target));
      for (const record of records) {
        const { instanceId } = record.value;
        const known = find(instanceId, number);
        const row = known === 0 ? newRow(instanceId, number) : known;
        const tally = tallies.count(factsOf(target, record.value));
        if (known !== 0) tallies.discount(columns.tally[row] ?? 0);
        columns.tally[row] = tally;
        write(row, known === 0, record);
      }
    },

    /** Takes rows away; one that is not there is none. */
    remove(target: Target, ids: Iterable<string>): void {
      const number = targets.add(targetId(target));
      for (const id of ids) {
        const row = find(id, number);
        if (row !== 0) freeRow(row);
      }
    },

    /** At which version each instance of a target is known. */
    versionsOf(target: Target): ReadonlyMap<string, number> {
      const versions = new Map<string, number>();
      let row = firstOfTarget[targets.add(targetId(target))] ?? 0;
      while (row !== 0) {
        versions.set(columns.ids[row] ?? '', columns.version[row] ?? 0);
        row = columns.nextOfTarget[row] ?? 0;
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
