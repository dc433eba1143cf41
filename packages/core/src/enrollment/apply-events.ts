import type { MusterConfig } from '../config/model.ts';
import type { InstanceId } from '../organization/ids.ts';
import type { Target } from '../organization/target.ts';
import type { Clock } from '../runtime/clock-port.ts';
import type { EnrollmentLedger, IntentChange, RecordChange, WriteTerms } from './enrollment-store.ts';
import type { EnrollmentEvent } from './event.ts';
import type { TransitionContext } from './next-record.ts';
import type { EnrollmentRecord, StoredRecord } from './record.ts';
import { type SealedRecord, sealStateOf, type TargetRecords } from './seal.ts';
import { runEvents } from './transition.ts';

/** What events are applied with. */
export interface ApplyDeps {
  readonly ledger: { readonly enrollments: Pick<EnrollmentLedger, 'read' | 'intent' | 'write'> };
  readonly config: Pick<MusterConfig, 'backoff' | 'install' | 'inventory' | 'repair' | 'markerKeys'>;
  readonly clock: Pick<Clock, 'now'>;
  /** 0 ≤ x < 1 */
  readonly random: () => number;
}

/** How often a decision is made anew on fresher records before it is left to the next job. */
const ATTEMPTS = 4;

/** What the pure state machine needs to know of this moment. */
export function transitionContext(deps: Pick<ApplyDeps, 'config' | 'clock' | 'random'>): TransitionContext {
  return {
    nowMs: deps.clock.now(),
    backoff: deps.config.backoff,
    joinTimeoutMs: deps.config.install.joinTimeoutMs,
    repairs: deps.config.repair.enabled,
    hasInventory: deps.config.inventory.kind !== 'none',
    jitter: deps.random(),
  };
}

/** What is written of a record that was read; it is no better sealed than that one. */
export function changeOf(
  { config }: Pick<ApplyDeps, 'config'>,
  target: Target,
  before: SealedRecord,
  value: EnrollmentRecord | null,
): RecordChange {
  const { instanceId } = before.value;
  const sealState = sealStateOf(config.markerKeys, target, before);
  return { instanceId, expected: before.version, value, sealState };
}

export interface Applied {
  readonly before: StoredRecord | null;
  readonly after: EnrollmentRecord;
}

type EventsOf = (id: InstanceId, record: StoredRecord) => readonly EnrollmentEvent[];

/**
 * Applies events to records of one target and writes what changed. A record that another process moved meanwhile is read
 * again and decided again: a stale decision is dropped, what is known of the world is not.
 *
 * @param eventsOf the events for one instance; asked again for fresher records
 * @returns what was written
 */
export async function applyEvents(
  deps: ApplyDeps,
  target: Target,
  records: TargetRecords,
  eventsOf: EventsOf,
  terms?: WriteTerms,
): Promise<readonly Applied[]> {
  const { enrollments } = deps.ledger;
  const written: Applied[] = [];
  let current = records;
  for (let attempt = 0; attempt < ATTEMPTS && current.size > 0; attempt += 1) {
    const { changes, applied } = decide(deps, target, current, eventsOf);
    if (changes.length === 0) break;
    const results = await enrollments.write(target, 'each', changes, [], terms);
    written.push(...applied.filter((_, index) => results[index] === 'written'));
    const stale = changes.filter((_, index) => results[index] === 'stale');
    current = await enrollments.read(
      target,
      stale.map(({ instanceId }) => instanceId),
    );
  }
  return written;
}

/**
 * Applies events to a batch's records and changes its intent in the same atomic write: all or nothing, decided anew on
 * fresher records when another process wrote meanwhile.
 *
 * @returns what was written; null when it could not be, and the intent is as it was
 */
export async function applyWithIntent(
  deps: ApplyDeps,
  target: Target,
  ids: readonly InstanceId[],
  eventsOf: EventsOf,
  intent: IntentChange,
  terms?: WriteTerms,
): Promise<readonly Applied[] | null> {
  const { enrollments } = deps.ledger;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const { changes, applied } = decide(deps, target, await enrollments.read(target, ids), eventsOf);
    const results = await enrollments.write(target, 'all', changes, [intent], terms);
    if (results.every((result) => result === 'written')) return applied;
    const stored = await enrollments.intent(target, intent.batchId);
    if ((stored?.version ?? 0) !== intent.expected) return null;
  }
  return null;
}

/** What the events change in these records; `applied` says so of each change, in the same order. */
function decide(
  deps: ApplyDeps,
  target: Target,
  records: TargetRecords,
  eventsOf: EventsOf,
): { readonly changes: readonly RecordChange[]; readonly applied: readonly Applied[] } {
  const context = transitionContext(deps);
  const changes: RecordChange[] = [];
  const applied: Applied[] = [];
  for (const [instanceId, before] of records) {
    const after = runEvents(before.value, eventsOf(instanceId, before.value), context);
    if (after === null || after === before.value || after.state === 'unknown') continue;
    changes.push(changeOf(deps, target, before, after));
    applied.push({ before: before.value, after });
  }
  return { changes, applied };
}
