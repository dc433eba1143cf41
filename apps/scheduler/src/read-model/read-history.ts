import type { Ledger } from '@muster/core/control/ledger';
import type { Model } from './model.ts';
import { inTransaction } from './schema.ts';

const ENTRIES = 1_000;

/** Reads what the change stream tells of the time up to an entry: only for timelines, the rows come from the records. */
export async function readHistory(
  ledger: Pick<Ledger, 'changes' | 'clocks'>,
  { db, transitions }: Model,
  untilId: string,
): Promise<void> {
  const nowMs = await ledger.clocks.now();
  transitions.clear();
  let afterId = '0-0';
  let oldestMs: number | null = null;
  for (;;) {
    const { entries, nextId } = await ledger.changes.read(afterId, ENTRIES);
    const old = entries.filter(({ id }) => isUpTo(id, untilId));
    oldestMs ??= old[0] === undefined ? null : Number.parseInt(old[0].id, 10);
    inTransaction(db, () => transitions.add(old, nowMs));
    if (old.length < entries.length || entries.length === 0) break;
    afterId = nextId;
  }
  transitions.add([], oldestMs ?? nowMs);
}

/** Whether an entry of the stream is not behind another one. */
function isUpTo(id: string, otherId: string): boolean {
  const [ms = 0, nth = 0] = id.split('-').map(Number);
  const [otherMs = 0, otherNth = 0] = otherId.split('-').map(Number);
  return ms < otherMs || (ms === otherMs && nth <= otherNth);
}
