/**
 * What the node inventory says of an instance: its node is there, is not there in time, or is not there any more. A host
 * that had joined and whose node complete readings miss is first `joined` with `missing`, and after
 * `muster.inventory.lost_after` `lost`. Its node ends both, whatever brought it back.
 */
import { isSilent } from './cause.ts';
import type { EventOf, Judgment } from './event.ts';
import { nextDelayMs } from './next-attempt.ts';
import { baseOf, failedRecord, type Transition, type TransitionContext } from './next-record.ts';
import type { EnrollmentBase, EnrollmentRecord } from './record.ts';

/** A node ends the way, whatever installed it, from any state that holds no open command. */
export function onNodeSeen(
  record: EnrollmentRecord,
  { nodeId }: EventOf<'node-seen'>,
  context: TransitionContext,
): Transition {
  switch (record.state) {
    case 'joined':
      if (record.nodeId === nodeId && record.missing === undefined) return record;
      return { ...withoutMissing(record), nodeId };
    case 'discovered':
    case 'ineligible':
    case 'queued':
    case 'installed':
    case 'lost':
    case 'failed':
      return {
        ...withoutMissing(baseOf(record, context)),
        failures: 0,
        joinedAtMs: record.joinedAtMs ?? context.nowMs,
        state: 'joined',
        nodeId,
      };
    case 'sending':
    case 'installing':
    case 'stopped':
    case 'unmatched':
    case 'gone':
      return 'ignored';
    default:
      return record satisfies never;
  }
}

/** Installed, and not joined in time. A host that came back from a stop was not installed just now: it is lost. */
export function onJoinDeadline(record: EnrollmentRecord, context: TransitionContext): Transition {
  if (
    record.state !== 'installed' ||
    record.joinDeadlineMs === null ||
    record.joinDeadlineMs > context.nowMs
  ) {
    return 'ignored';
  }
  if (!cameBack(record)) return failedRecord(baseOf(record, context), 'ec2-join-failure', context);
  const missing = record.missing ?? { sinceMs: record.changedAtMs, lastSeenAtMs: null };
  // Whether a command would reach it, the next scan says: no target with a lost host is at rest.
  return { ...baseOf(record, context), missing, state: 'lost', cause: 'node-lost', repairAtMs: null };
}

/** Whether it waits for its node without an attempt that has just ended: it ran again after a stop, or is wanted again. */
function cameBack({ joinedAtMs, attempts, changedAtMs }: EnrollmentBase): boolean {
  return joinedAtMs !== null && (attempts.at(-1)?.endedAtMs ?? 0) < changedAtMs;
}

/** Only what the first reading said counts: the time runs from there, and anew where a reading has shown the node since. */
export function onNodeMissing(
  record: EnrollmentRecord,
  { sinceMs, lastSeenAtMs }: EventOf<'node-missing'>,
): Transition {
  if (record.state !== 'joined') return 'ignored';
  const { missing } = record;
  // Scans may be hours apart, and none has seen that it was back.
  const wasBack = missing !== undefined && lastSeenAtMs !== null && lastSeenAtMs > missing.sinceMs;
  if (missing !== undefined && !wasBack) return record;
  // A reading may have begun before the host was taken for joined.
  return { ...record, missing: { sinceMs: Math.max(sinceMs, record.changedAtMs), lastSeenAtMs } };
}

/** The caller has asked for everything that this needs: see `isOverdue`. */
export function onNodeLost(record: EnrollmentRecord, context: TransitionContext): Transition {
  if (record.state !== 'joined' || record.missing === undefined) return 'ignored';
  return { ...baseOf(record, context), state: 'lost', cause: 'node-lost', repairAtMs: null };
}

/** What the pre-check says of a lost host: whether its SSM agent is silent too, and whether and when it may be repaired. */
export function judgeLost(
  record: Extract<EnrollmentRecord, { state: 'lost' }>,
  judgment: Judgment,
  context: TransitionContext,
): EnrollmentRecord {
  const silent = judgment.kind === 'ineligible' && isSilent(judgment.cause);
  const cause = silent ? 'node-lost-host-silent' : 'node-lost';
  const canRepair = judgment.kind === 'eligible' && context.repairs;
  const repairAtMs = canRepair ? (record.repairAtMs ?? nextRepairAtMs(record, context)) : null;
  return record.cause === cause && record.repairAtMs === repairAtMs
    ? record
    : { ...record, cause, repairAtMs };
}

/**
 * The first repair may begin at once: the host has been missing long enough. A further one waits at least as after a failure,
 * and twice as long as the last one came after the one before it: an agent that dies again and again is installed again ever
 * more seldom, at last once in the longest pause (`muster.backoff.cap`).
 */
function nextRepairAtMs({ attempts, joinedAtMs }: EnrollmentBase, context: TransitionContext): number {
  const [before, last] = attempts.filter(({ endedAtMs }) => endedAtMs > (joinedAtMs ?? 0)).slice(-2);
  if (before === undefined) return context.nowMs;
  const firstMs = nextDelayMs('node-lost', 1, context.backoff, context.jitter);
  if (last === undefined) return Math.max(context.nowMs, before.endedAtMs + firstMs);
  const twiceMs = Math.min(2 * (last.endedAtMs - before.endedAtMs), context.backoff.capMs);
  return Math.max(context.nowMs, last.endedAtMs + Math.max(firstMs, twiceMs));
}

/** The inventory as a scan compares its records with it. */
export interface InventoryView {
  /** When the reading of the current snapshot began. */
  readonly begunAtMs: number;
  /** When the scan began that shows the hosts running. */
  readonly scanBegunAtMs: number;
  readonly lostAfterMs: number;
}

/**
 * Whether a host is lost whose node the current snapshot does not show: a complete reading that began after its time was
 * over misses it, and so the scan that shows the host running began after it was missed.
 */
export function isOverdue(
  { sinceMs }: { readonly sinceMs: number },
  { begunAtMs, scanBegunAtMs, lostAfterMs }: InventoryView,
): boolean {
  return begunAtMs >= sinceMs + lostAfterMs && scanBegunAtMs >= sinceMs;
}

/** The same without what was said of its missing node. */
export function withoutMissing<T extends EnrollmentBase>(record: T): Omit<T, 'missing'> {
  const { missing: _, ...rest } = record;
  return rest;
}
