import { candidateAt } from '@muster/core/enrollment/record-codec';
import { z } from 'zod';
import { Cause } from '@muster/core/enrollment/cause';
import { causeOf, ENROLLMENT_STATES, stateOf, type StoredRecord } from '@muster/core/enrollment/record';
import { describeNextAttempt, nextAttempt } from '@muster/core/enrollment/next-record';
import { AccountId, Region } from '@muster/core/organization/ids';
import type { OrganizationStatus } from '@muster/core/reports/organization-status';
import { describeWait, type TargetWait } from '@muster/core/rollout/send-wait';
import { targetId, type Target } from '@muster/core/organization/target';
import type { Clock } from '@muster/core/runtime/clock-port';
import { type CauseText, explainCause, readAccountNames } from './row-texts.ts';
import type { Ledger } from '@muster/core/control/ledger';

/**
 * Query of `/api/instances`: all that are given must hold. A state or cause of a newer release is one while instances have it.
 *
 * @param met null before the first reading
 */
export function instanceQuery(met: OrganizationStatus['instances'] | null) {
  return z.strictObject({
    state: z.enum([...ENROLLMENT_STATES, ...Object.keys(met?.byState ?? {})]).optional(),
    account: AccountId.optional(),
    region: Region.optional(),
    cause: z.enum([...Cause.options, ...Object.keys(met?.byCause ?? {})]).optional(),
    limit: z.coerce.number().int().min(1).max(1_000).default(100),
  });
}
export type InstanceQuery = z.infer<ReturnType<typeof instanceQuery>>;

export interface InstanceRow {
  readonly instanceId: string;
  readonly accountId: string;
  /** Empty when unknown. */
  readonly accountName: string;
  readonly region: string;
  readonly state: string;
  /** Null unless ineligible, failed, or in a state of a newer release that has one. */
  readonly cause: CauseText | null;
  /** Since when it is in this state. */
  readonly since: string;
  readonly attempts: number;
  /** Of a failed one, and of a queued one that waits for its back-off; null otherwise. */
  readonly nextAttemptAt: string | null;
  /** Why a queued or failed one is not tried now, as a phrase; null when it waits for nothing. */
  readonly waitsFor: string | null;
  /** How its newest attempt ended; null before the first. The output is untrusted text of the host. */
  readonly lastAttempt: {
    readonly endedAt: string;
    readonly exitCode: number | null;
    readonly output: string;
  } | null;
}

export interface InstanceList {
  readonly rows: readonly InstanceRow[];
  /** Whether there may be more: the limit was met, or the time was up before every target was looked at. */
  readonly more: boolean;
  readonly targetsRead: number;
  readonly targets: number;
}

interface Found {
  readonly target: Target;
  readonly record: StoredRecord;
  readonly wait: TargetWait | null;
}

/** A search that finds little in a large organization ends after this, with what it has. */
const LONGEST_SEARCH_MS = 3_000;

/** Searches the ledger target by target, in the order of their ids, and stops at the limit or when `signal` is aborted. */
export async function listInstances(
  deps: { readonly ledger: Pick<Ledger, 'enrollments' | 'coverage' | 'waits'>; readonly clock: Clock },
  query: InstanceQuery,
  signal: AbortSignal,
): Promise<InstanceList> {
  const deadlineMs = deps.clock.now() + LONGEST_SEARCH_MS;
  const targets = (await targetsOf(deps.ledger, query))
    .filter(({ accountId }) => query.account === undefined || accountId === query.account)
    .filter(({ region }) => query.region === undefined || region === query.region)
    .toSorted((a, b) => targetId(a).localeCompare(targetId(b)));
  const found: Found[] = [];
  let targetsRead = 0;
  for (const target of targets) {
    // One more than asked for tells whether there are more.
    if (found.length > query.limit || deps.clock.now() > deadlineMs || signal.aborted) break;
    const records = await deps.ledger.enrollments.readAll(target);
    const wait = await deps.ledger.waits.of(target);
    targetsRead += 1;
    for (const { value } of records.values()) {
      if (isWanted(value, query)) found.push({ target, record: value, wait });
    }
  }
  const shown = found.slice(0, query.limit);
  const names = await readAccountNames(
    deps.ledger.coverage,
    shown.map(({ target }) => target.accountId),
  );
  return {
    rows: shown.map((one) => rowOf(one, names.get(one.target.accountId) ?? '', deps.clock.now())),
    more: found.length > query.limit || targetsRead < targets.length,
    targetsRead,
    targets: targets.length,
  };
}

/** The targets that can hold what is asked for: those of seventeen failed hosts are found at once among a million joined ones. */
async function targetsOf(
  { enrollments }: Pick<Ledger, 'enrollments'>,
  { state, cause }: InstanceQuery,
): Promise<readonly Target[]> {
  if (cause !== undefined) return enrollments.targetsWith({ cause });
  return state === undefined ? enrollments.populated() : enrollments.targetsWith({ state });
}

function isWanted(record: StoredRecord, query: InstanceQuery): boolean {
  if (query.state !== undefined && stateOf(record) !== query.state) return false;
  return query.cause === undefined || causeOf(record) === query.cause;
}

function rowOf({ target, record, wait }: Found, accountName: string, nowMs: number): InstanceRow {
  const next = nextAttempt(record, nowMs);
  const cause = causeOf(record);
  const newest = record.attempts.at(-1);
  return {
    instanceId: record.instanceId,
    accountId: target.accountId,
    accountName,
    region: target.region,
    state: stateOf(record),
    cause: cause === null ? null : explainCause(cause),
    since: new Date(record.changedAtMs).toISOString(),
    attempts: record.attemptCount,
    nextAttemptAt: next === null ? null : new Date(next.atMs).toISOString(),
    waitsFor:
      next !== null
        ? describeNextAttempt(next, record.failures)
        : candidateAt(record) !== null && wait !== null
          ? describeWait(wait)
          : null,
    lastAttempt:
      newest === undefined
        ? null
        : {
            endedAt: new Date(newest.endedAtMs).toISOString(),
            exitCode: newest.exitCode,
            output: newest.output,
          },
  };
}
