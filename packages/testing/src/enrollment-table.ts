import { CAUSES, type Cause } from '@muster/core/enrollment/cause';
import type { EnrollmentEvent } from '@muster/core/enrollment/event';
import type { TransitionContext } from '@muster/core/enrollment/next-record';
import type { EnrollmentRecord, EnrollmentState } from '@muster/core/enrollment/record';
import type { InstanceId } from '@muster/core/organization/ids';
import { transition } from '@muster/core/enrollment/transition';
import { aBatchId, aCommandId, anInstanceId, aMatcherKey, aRecord, NOW_MS } from './builders.ts';

/** Every state, in the order of an instance's way. */
export const STATES = [
  'discovered',
  'stopped',
  'unmatched',
  'ineligible',
  'queued',
  'sending',
  'installing',
  'installed',
  'joined',
  'lost',
  'failed',
  'gone',
] as const satisfies readonly EnrollmentState[];

/** An event with what tells it from others of its kind. */
export interface SampleEvent {
  readonly label: string;
  readonly event: EnrollmentEvent;
}

const CAUSE_NAMES = Object.keys(CAUSES) as Cause[];
const LAUNCHED_AT_MS = NOW_MS - 7_200_000;
const output = '';

/** Every kind of event, and each variant that a state may answer differently. The records' own batch and command have number 0. */
export const SAMPLE_EVENTS: readonly SampleEvent[] = [
  { label: 'seen', event: seen() },
  { label: 'seen, restarted', event: seen({ launchedAtMs: NOW_MS - 1_000 }) },
  { label: 'seen, another matcher', event: seen({ matcherKey: aMatcherKey(9) }) },
  { label: 'seen-stopped', event: { kind: 'seen-stopped' } },
  { label: 'seen-unmatched', event: { kind: 'seen-unmatched' } },
  { label: 'not-seen', event: { kind: 'not-seen' } },
  { label: 'judged eligible', event: { kind: 'judged', judgment: { kind: 'eligible' } } },
  {
    label: 'judged ineligible',
    event: { kind: 'judged', judgment: { kind: 'ineligible', cause: 'ec2-ssm-agent-connection-lost' } },
  },
  { label: 'node-seen', event: { kind: 'node-seen', nodeId: 'node-1' } },
  { label: 'claimed', event: { kind: 'claimed', batchId: aBatchId(1) } },
  { label: 'send-refused, not its fault', event: refused(0, null) },
  { label: 'send-refused, its fault', event: refused(0, 'ec2-ssm-invocation-failure') },
  { label: "send-refused, another's batch", event: refused(7, 'ec2-ssm-invocation-failure') },
  { label: 'accepted', event: accepted(0) },
  { label: "accepted, another's command", event: accepted(7) },
  {
    label: 'ended well',
    event: { kind: 'ended', commandId: aCommandId(), result: { kind: 'success', exitCode: 0, output } },
  },
  { label: 'ended badly', event: ended(0, 'ec2-ssm-script-failure') },
  { label: 'ended, managed elsewhere', event: ended(0, 'host-managed-elsewhere') },
  { label: "ended, another's command", event: ended(7, 'ec2-ssm-script-failure') },
  { label: 'join-deadline-passed', event: { kind: 'join-deadline-passed' } },
  {
    label: 'node-missing',
    event: { kind: 'node-missing', sinceMs: NOW_MS - 60_000, lastSeenAtMs: NOW_MS - 120_000 },
  },
  { label: 'node-lost', event: { kind: 'node-lost' } },
  { label: 'retry-requested', event: { kind: 'retry-requested' } },
];

/** Teleport's inventory is configured, the usual delays, no jitter. */
export const SAMPLE_CONTEXT: TransitionContext = {
  nowMs: NOW_MS,
  backoff: { operatorFirstMs: 600_000, transientFirstMs: 120_000, capMs: 86_400_000 },
  joinTimeoutMs: 300_000,
  repairs: true,
  hasInventory: true,
  jitter: 0,
};

/** A record of the state whose times have come: what waits for a time is due, what has a deadline is past it. */
export function aDueRecord(state: EnrollmentState): EnrollmentRecord {
  const record = aRecord(state);
  if (record.state === 'failed') return { ...record, nextAttemptAtMs: NOW_MS };
  if (record.state === 'installed') return { ...record, joinDeadlineMs: NOW_MS };
  if (record.state === 'joined') {
    return { ...record, missing: { sinceMs: NOW_MS - 1_000, lastSeenAtMs: null } };
  }
  if (record.state === 'lost') return { ...record, repairAtMs: NOW_MS };
  return record;
}

/** Any record: its state, cause and times at random. */
export function someRecord(random: () => number, instanceId: InstanceId): EnrollmentRecord {
  const atMs = NOW_MS + Math.floor(random() * 1_000_000);
  const base = { ...aRecord(oneOf(random, STATES)), instanceId };
  switch (base.state) {
    case 'queued':
      return { ...base, readyAtMs: atMs };
    case 'failed':
      return { ...base, nextAttemptAtMs: atMs, cause: oneOf(random, CAUSE_NAMES) };
    case 'ineligible':
      return { ...base, cause: oneOf(random, CAUSE_NAMES) };
    case 'lost':
      return { ...base, repairAtMs: random() < 0.3 ? null : atMs, cause: oneOf(random, CAUSE_NAMES) };
    case 'installed':
      return { ...base, joinDeadlineMs: random() < 0.3 ? null : atMs };
    case 'discovered':
    case 'stopped':
    case 'unmatched':
    case 'sending':
    case 'installing':
    case 'joined':
    case 'gone':
      return base;
    default:
      return base satisfies never;
  }
}

/** One of a list that is not empty. */
export function oneOf<T>(random: () => number, list: readonly T[]): T {
  const one = list[Math.floor(random() * list.length)];
  if (one === undefined) throw new Error('nothing to pick from');
  return one;
}

/**
 * What the state machine answers: the next state, `same` when the record stays as it is, `kept` when it stays in its
 * state with other facts, `-` when the event means nothing.
 */
export function answerOf(
  record: EnrollmentRecord | null,
  event: EnrollmentEvent,
): EnrollmentState | 'same' | 'kept' | '-' {
  const next = transition(record, event, SAMPLE_CONTEXT);
  if (next === 'ignored') return '-';
  if (next === record) return 'same';
  return next.state === record?.state ? 'kept' : next.state;
}

/** The record after the event. Throws when the event means nothing in the record's state. */
export function recordAfter(
  record: EnrollmentRecord | null,
  event: EnrollmentEvent,
  context: Partial<TransitionContext> = {},
): EnrollmentRecord {
  const next = transition(record, event, { ...SAMPLE_CONTEXT, ...context });
  if (next === 'ignored') throw new Error(`${record?.state ?? 'unknown'} ignores ${event.kind}`);
  return next;
}

function seen(facts: Partial<Extract<EnrollmentEvent, { kind: 'seen' }>> = {}): EnrollmentEvent {
  return {
    kind: 'seen',
    instanceId: anInstanceId(),
    matcherKey: aMatcherKey(),
    launchedAtMs: LAUNCHED_AT_MS,
    ...facts,
  };
}

function refused(
  batch: number,
  cause: Extract<EnrollmentEvent, { kind: 'send-refused' }>['cause'],
): EnrollmentEvent {
  return { kind: 'send-refused', batchId: aBatchId(batch), cause, readyAtMs: NOW_MS + 1_000 };
}

function accepted(n: number): EnrollmentEvent {
  return { kind: 'accepted', batchId: aBatchId(n), commandId: aCommandId(n) };
}

function ended(command: number, cause: 'ec2-ssm-script-failure' | 'host-managed-elsewhere'): EnrollmentEvent {
  return {
    kind: 'ended',
    commandId: aCommandId(command),
    result: { kind: 'failure', cause, exitCode: 1, output },
  };
}
