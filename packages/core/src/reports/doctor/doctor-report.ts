import { type AccountCheckup, type Check, CHECK_IDS, type CheckStatus, failed } from './check.ts';

/** An account that cannot be entered, or whose role lacks something: work for a StackSet. */
export interface AccountWork {
  readonly accountId: string;
  readonly name: string;
  /** Ids from the root down. */
  readonly units: readonly string[];
  /** Roles that could not be assumed. */
  readonly missingRoles: readonly string[];
  /** Required actions that the roles lack. */
  readonly missingActions: readonly string[];
}

/** `muster doctor --json`; docs/doctor.md describes it. */
export interface DoctorReport {
  readonly version: 1;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly ranBy: 'workers' | 'local';
  /** Which worker answered for the organization; null when none did. */
  readonly worker: string | null;
  /** `fail`: something that concerns all failed, or every account. `partial`: some accounts failed. */
  readonly verdict: 'pass' | 'warn' | 'partial' | 'fail';
  readonly summary: Readonly<Record<CheckStatus, number>>;
  readonly accounts: {
    readonly total: number;
    readonly ok: number;
    readonly failed: number;
    /** Not active: left alone. */
    readonly skipped: number;
  };
  /** Running, matched instances, and those whose SSM agent is online. */
  readonly agents: { readonly running: number; readonly online: number };
  /** Null when it could not be learned. */
  readonly managementAccountId: string | null;
  /** In the order a person would look; accounts by number. */
  readonly checks: readonly Check[];
  readonly accountWork: readonly AccountWork[];
}

/** Puts the answers together. A part that no worker answered is a failed check, never a passed one. */
export function assembleDoctorReport(parts: {
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  readonly ranBy: DoctorReport['ranBy'];
  readonly worker: string | null;
  readonly managementAccountId: string | null;
  /** Checks about the whole installation. */
  readonly checks: readonly Check[];
  readonly accounts: readonly AccountCheckup[];
  /** Parts that no worker answered: `account:ID`, `organization`, `teleport`. */
  readonly unanswered: readonly string[];
}): DoctorReport {
  const silent = parts.unanswered.map((part) =>
    failed(
      part === 'teleport' ? 'proxy' : part === 'organization' ? 'organization' : 'account-role',
      'not-answered',
      `no worker answered in time (${part})`,
      'See the logs of the workers; give more time with --timeout, or start more workers.',
      part.startsWith('account:') ? { accountId: part.slice('account:'.length) as never } : {},
    ),
  );
  const checks = [
    ...parts.checks,
    ...parts.accounts.flatMap((account) => account.checks),
    ...silent,
  ].toSorted(byPlace);
  const summary = { pass: 0, warn: 0, fail: 0, skipped: 0 };
  for (const { status } of checks) summary[status] += 1;
  const failing = new Set(
    checks
      .filter(({ status, accountId }) => status === 'fail' && accountId !== null)
      .map(({ accountId }) => accountId),
  );
  const answered = new Set<string | null>(parts.accounts.map(({ accountId }) => accountId));
  const total = new Set([...answered, ...failing]).size;
  const skippedAccounts = parts.accounts.filter(({ state }) => state !== 'ACTIVE' && state !== '').length;
  const accounts = {
    total,
    ok: total - failing.size - skippedAccounts,
    failed: failing.size,
    skipped: skippedAccounts,
  };
  return {
    version: 1,
    startedAt: new Date(parts.startedAtMs).toISOString(),
    finishedAt: new Date(parts.finishedAtMs).toISOString(),
    ranBy: parts.ranBy,
    worker: parts.worker,
    verdict: verdictOf(checks, summary, accounts),
    summary,
    accounts,
    agents: {
      running: parts.accounts.reduce((sum, { agents }) => sum + agents.running, 0),
      online: parts.accounts.reduce((sum, { agents }) => sum + agents.online, 0),
    },
    managementAccountId: parts.managementAccountId,
    checks,
    accountWork: workOf(parts.accounts),
  };
}

function verdictOf(
  checks: readonly Check[],
  summary: DoctorReport['summary'],
  accounts: DoctorReport['accounts'],
): DoctorReport['verdict'] {
  if (checks.some(({ status, accountId }) => status === 'fail' && accountId === null)) return 'fail';
  if (accounts.failed > 0) return accounts.ok === 0 ? 'fail' : 'partial';
  return summary.warn > 0 ? 'warn' : 'pass';
}

function workOf(accounts: readonly AccountCheckup[]): readonly AccountWork[] {
  return accounts
    .filter(({ lockedRoles, missingActions }) => lockedRoles.length + missingActions.length > 0)
    .map(({ accountId, name, units, lockedRoles, missingActions }) => ({
      accountId,
      name,
      units,
      missingRoles: lockedRoles,
      missingActions,
    }))
    .toSorted((a, b) => a.accountId.localeCompare(b.accountId));
}

function byPlace(a: Check, b: Check): number {
  return (
    CHECK_IDS.indexOf(a.id) - CHECK_IDS.indexOf(b.id) ||
    (a.subject ?? '').localeCompare(b.subject ?? '') ||
    (a.accountId ?? '').localeCompare(b.accountId ?? '')
  );
}
