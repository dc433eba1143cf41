import type { Finding } from '../control/control.ts';
import { targetId, type Target } from '../organization/target.ts';

/** What could not be read of a target's records and was set aside, until the target was read completely again. */
export interface SetAside {
  readonly target: Target;
  readonly records: number;
  /** Ids of a few of them. */
  readonly examples: readonly string[];
  /** Of the last. */
  readonly atMs: number;
}

/** Ids kept of one target. */
export const EXAMPLES_KEPT = 3;
/** Targets named in the finding. */
const TARGETS_SHOWN = 5;

/** One finding for all that was set aside: how much, in how many targets, and some of it. */
export function findingOfSetAside(all: readonly SetAside[], nowMs: number): Finding {
  const records = all.reduce((sum, one) => sum + one.records, 0);
  const shown = all
    .slice(0, TARGETS_SHOWN)
    .map(({ target, examples }) => `${examples.join(', ')} of ${targetId(target)}`);
  const more = all.length > TARGETS_SHOWN ? ` and ${all.length - TARGETS_SHOWN} more targets` : '';
  return {
    kind: 'ledger-unreadable',
    scope: 'all',
    sinceMs: nowMs,
    message: `${records} ${records === 1 ? 'record' : 'records'} of ${all.length} ${all.length === 1 ? 'target' : 'targets'} in Redis could not be read, and were set aside: ${shown.join('; ')}${more}. They are made anew when their targets are read; their back-off and history are lost.`,
    remedy:
      'Find out what else writes to this Redis: another release of Muster, another tool, a restored copy. The texts are kept for a month in the hash {PREFIX}:ACCOUNT.REGION:unreadable. The note goes when every target of it was read completely again.',
  };
}
