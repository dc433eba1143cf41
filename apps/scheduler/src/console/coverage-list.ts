import { z } from 'zod';
import { COVERAGE_STATUSES, type Coverage, type CoverageStatus } from '@muster/core/organization/coverage';
import { AccountId } from '@muster/core/organization/ids';
import { parseCoverageId, type CoverageLedger } from '@muster/core/organization/coverage-store';
import { type CauseText, explainCause, readAccountNames } from './row-texts.ts';

/** Query of `/api/coverage`. Without a status: every target that is not complete. */
export const CoverageQuery = z.strictObject({
  status: z.enum(COVERAGE_STATUSES).optional(),
  account: AccountId.optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(200),
});
export type CoverageQuery = z.infer<typeof CoverageQuery>;

export interface CoverageRow {
  readonly accountId: string;
  /** Empty when unknown. */
  readonly accountName: string;
  /** `*` for an account that cannot be entered: it stands for all its regions. */
  readonly region: string;
  readonly status: CoverageStatus;
  /** Null when complete, or not read yet. */
  readonly cause: CauseText | null;
  /** The missing action or AWS's own message. */
  readonly detail: string;
  readonly attemptedAt: string | null;
  readonly completeAt: string | null;
  readonly failures: number;
}

export interface CoverageList {
  /** How many match; `rows` may hold fewer. */
  readonly total: number;
  readonly rows: readonly CoverageRow[];
}

/** What a person must fix comes first. */
const ORDER: readonly CoverageStatus[] = [
  'denied',
  'failed',
  'partial',
  'throttled',
  'pending',
  'regionOff',
  'complete',
];

/** Targets by how they were last read, with the status that counts for the current sweep. */
export async function listCoverage(
  coverage: CoverageLedger,
  query: CoverageQuery,
  nowMs: number,
): Promise<CoverageList> {
  const [sweep, all] = await Promise.all([coverage.sweep(nowMs), coverage.all()]);
  const found = all
    .map((entry) => ({ ...entry, status: sweepStatus(entry.coverage, sweep?.startedAtMs ?? 0) }))
    .filter(({ status }) => (query.status === undefined ? status !== 'complete' : status === query.status))
    .filter(({ id }) => query.account === undefined || id.startsWith(`${query.account}.`))
    .toSorted((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status) || a.id.localeCompare(b.id));
  const shown = found.slice(0, query.limit).map((entry) => ({ ...entry, ...parseCoverageId(entry.id) }));
  const names = await readAccountNames(
    coverage,
    shown.map(({ accountId }) => accountId),
  );
  const rows = shown.map(({ accountId, target, status, coverage: last }) => ({
    accountId,
    accountName: names.get(accountId) ?? '',
    region: target?.region ?? '*',
    status,
    cause: last.cause === null ? null : explainCause(last.cause),
    detail: last.detail,
    attemptedAt: last.attemptedAtMs === null ? null : new Date(last.attemptedAtMs).toISOString(),
    completeAt: last.completeAtMs === null ? null : new Date(last.completeAtMs).toISOString(),
    failures: last.failures,
  }));
  return { total: found.length, rows };
}

/**
 * The status that a sweep counts: what was read before it began is pending again, except what is denied or off, which is
 * asked on a slower schedule of its own. The ledger's counts follow the same rule.
 */
export function sweepStatus(coverage: Coverage, sweepStartedAtMs: number): CoverageStatus {
  if (coverage.status === 'denied' || coverage.status === 'regionOff') return coverage.status;
  return (coverage.attemptedAtMs ?? 0) < sweepStartedAtMs ? 'pending' : coverage.status;
}
