/** Which of some instances an action would reach, and why not the others: a list, or what a filter gave. */
import { hasOpenCommand, type StoredRecord } from '../../enrollment/record.ts';
import type { InstanceId } from '../../organization/ids.ts';
import { type Target, targetId } from '../../organization/target.ts';
import type { Ledger } from '../ledger.ts';
import { type ActionPart, partsOf } from './action.ts';

/** Hosts of one step: their records are written by a few calls of one script. */
const HOSTS_PER_STEP = 200;
/** Records read at once. */
const READ_AT_ONCE = 500;

/** Why an act does nothing to a host, or null where it does. A record is judged again when its step is taken. */
export type Judge = (record: StoredRecord, nowMs: number) => string | null;

/** What a retry leaves alone. What waits for its back-off is tried now, what waits for its turn alone has nothing to gain. */
export const judgeRetry: Judge = (record, nowMs) => {
  switch (record.state) {
    case 'failed':
    case 'ineligible':
      return null;
    case 'lost':
      return record.repairAtMs === null || record.repairAtMs <= nowMs
        ? 'lost: its repair is due, or no scan finds it fit'
        : null;
    case 'queued':
      return record.readyAtMs <= nowMs ? 'waits for its turn already' : null;
    case 'sending':
    case 'installing':
    case 'installed':
      return 'under way';
    case 'joined':
      return 'has joined';
    case 'discovered':
      return 'judged by the next scan anyway';
    case 'stopped':
      return 'stopped';
    case 'unmatched':
      return 'wanted by no matcher';
    case 'gone':
      return 'gone';
    case 'unknown':
      return 'in a state of a newer release';
    default:
      return record satisfies never;
  }
};

/** What a cancellation leaves alone. */
export const judgeCancel: Judge = (record) => (hasOpenCommand(record) ? null : 'has no live command');

/** Why an id is left alone of which no record is known. */
export const NOT_KNOWN = 'not known: no scan has seen it wanted by a matcher';

/** For acts on the instance itself, whatever its state. */
export const judgeAny: Judge = () => null;

/** What became of a choice. */
export interface ChosenHosts {
  readonly parts: readonly ActionPart[];
  /** All that were asked for. */
  readonly total: number;
  readonly byAccount: ReadonlyMap<string, number>;
  readonly skipped: ReadonlyMap<string, number>;
  /** Those of which no record is known: among the skipped. */
  readonly unknown: readonly InstanceId[];
}

/** Reads the records of instances and divides them. Ids of which no record is known are left alone, and counted. */
export async function chooseHosts(
  { enrollments }: Pick<Ledger, 'enrollments'>,
  ids: readonly InstanceId[],
  judge: Judge,
  nowMs: number,
): Promise<ChosenHosts> {
  const skipped = new Map<string, number>();
  const byAccount = new Map<string, number>();
  const unknown: InstanceId[] = [];
  const chosen = new Map<string, { readonly target: Target; readonly ids: InstanceId[] }>();
  const wanted = [...new Set(ids)];
  for (let at = 0; at < wanted.length; at += READ_AT_ONCE) {
    const some = wanted.slice(at, at + READ_AT_ONCE);
    const known = await enrollments.targetsOf(some);
    unknown.push(...some.filter((id) => !known.has(id)));
    for (const [text, ofTarget] of Map.groupBy(known, ([, target]) => targetId(target))) {
      const target = ofTarget[0]?.[1];
      if (target === undefined) continue;
      const asked = ofTarget.map(([id]) => id);
      const records = await enrollments.read(target, asked);
      unknown.push(...asked.filter((id) => !records.has(id)));
      const group = chosen.get(text) ?? { target, ids: [] };
      for (const [id, { value }] of records) {
        const why = judge(value, nowMs);
        count(why === null ? byAccount : skipped, why ?? target.accountId, 1);
        if (why === null) group.ids.push(id);
      }
      chosen.set(text, group);
    }
  }
  // First, as it is read first.
  const reasons = new Map<string, number>();
  count(reasons, NOT_KNOWN, unknown.length);
  for (const [reason, hosts] of skipped) reasons.set(reason, hosts);
  return {
    parts: [...chosen.values()].flatMap((group) => partsOf(group.target, group.ids, HOSTS_PER_STEP)),
    total: wanted.length,
    byAccount,
    skipped: reasons,
    unknown,
  };
}

function count(counts: Map<string, number>, word: string, by: number): void {
  if (by > 0) counts.set(word, (counts.get(word) ?? 0) + by);
}
