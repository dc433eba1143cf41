import type { EnrollmentEvent } from '@muster/core/enrollment/event';
import type { TransitionContext } from '@muster/core/enrollment/next-record';
import type { EnrollmentRecord } from '@muster/core/enrollment/record';
import { transition } from '@muster/core/enrollment/transition';
import type { InstanceId } from '@muster/core/organization/ids';
import { type SealedRecord, sealStateOf } from '@muster/core/enrollment/seal';
import type { Target } from '@muster/core/organization/target';
import type { HandlerDeps } from '../deps.ts';
import type { IntentChange, RecordChange, Versioned } from '@muster/core/enrollment/enrollment-store';

type ApplyDeps = Pick<HandlerDeps, 'ledger' | 'config' | 'clock' | 'random'>;

/** How often a decision is made anew on fresher records before it is left to the next job. */
const ATTEMPTS = 4;

/** What the pure state machine needs to know of this moment. */
export function transitionContext(deps: Pick<ApplyDeps, 'config' | 'clock' | 'random'>): TransitionContext {
  return {
    nowMs: deps.clock.now(),
    backoff: deps.config.backoff,
    joinTimeoutMs: deps.config.install.joinTimeoutMs,
    hasInventory: deps.config.inventory.kind !== 'none',
    jitter: deps.random(),
  };
}

/** Runs events through one record, in order; the very same object comes back when nothing changed. */
export function runEvents(
  record: EnrollmentRecord | null,
  events: readonly EnrollmentEvent[],
  context: TransitionContext,
): EnrollmentRecord | null {
  let current = record;
  for (const event of events) {
    const next = transition(current, event, context);
    if (next !== 'ignored') current = next;
  }
  return current;
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
  readonly before: EnrollmentRecord | null;
  readonly after: EnrollmentRecord;
}

/**
 * Applies events to records of one target and writes what changed. A record that somebody else moved meanwhile is read
 * again and decided again: a stale decision is dropped, what is known of the world is not.
 *
 * @param eventsOf the events for one instance; asked again for fresher records
 * @returns what was written
 */
export async function applyEvents(
  deps: ApplyDeps,
  target: Target,
  records: ReadonlyMap<InstanceId, Versioned<EnrollmentRecord>>,
  eventsOf: (id: InstanceId, record: EnrollmentRecord) => readonly EnrollmentEvent[],
): Promise<readonly Applied[]> {
  const written: Applied[] = [];
  let current = records;
  for (let attempt = 0; attempt < ATTEMPTS && current.size > 0; attempt += 1) {
    const context = transitionContext(deps);
    const changes: (RecordChange & { readonly applied: Applied })[] = [];
    for (const [instanceId, { version, value, seal }] of current) {
      const after = runEvents(value, eventsOf(instanceId, value), context);
      if (after === null || after === value) continue;
      changes.push({
        ...changeOf(deps, target, { version, value, seal }, after),
        applied: { before: value, after },
      });
    }
    if (changes.length === 0) break;
    const words = await deps.ledger.enrollments.write(target, 'each', changes, []);
    const stale = changes.filter((_, index) => words[index] === 'stale');
    for (const [index, change] of changes.entries()) {
      if (words[index] === 'written') written.push(change.applied);
    }
    current = await deps.ledger.enrollments.read(
      target,
      stale.map((change) => change.instanceId),
    );
  }
  return written;
}

/**
 * Applies events to a batch's records and changes its intent in the same atomic write: all or nothing, decided anew on
 * fresher records when somebody interfered.
 *
 * @returns what was written; null when it could not be, and the intent is as it was
 */
export async function applyWithIntent(
  deps: ApplyDeps,
  target: Target,
  ids: readonly InstanceId[],
  eventsOf: (id: InstanceId, record: EnrollmentRecord) => readonly EnrollmentEvent[],
  intent: IntentChange,
): Promise<readonly Applied[] | null> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const records = await deps.ledger.enrollments.read(target, ids);
    const context = transitionContext(deps);
    const changes: (RecordChange & { readonly applied: Applied })[] = [];
    for (const [instanceId, { version, value, seal }] of records) {
      const after = runEvents(value, eventsOf(instanceId, value), context);
      if (after === null || after === value) continue;
      changes.push({
        ...changeOf(deps, target, { version, value, seal }, after),
        applied: { before: value, after },
      });
    }
    const words = await deps.ledger.enrollments.write(target, 'all', changes, [intent]);
    if (words.every((word) => word === 'written')) return changes.map((change) => change.applied);
    const stored = await deps.ledger.enrollments.intent(target, intent.batchId);
    if ((stored?.version ?? 0) !== intent.expected) return null;
  }
  return null;
}
