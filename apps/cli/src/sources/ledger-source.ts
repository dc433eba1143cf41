import type { MusterConfig } from '@muster/core/config/model';
import { idOfFinding } from '@muster/core/control/findings';
import { viewOfMute } from '@muster/core/control/mute-store';
import { severityOfCause } from '@muster/core/control/severity';
import { faultOfScope } from '@muster/core/control/known-scope';
import type { Ledger } from '@muster/core/control/ledger';
import { causeFacts, isCause } from '@muster/core/enrollment/cause';
import { ENROLLMENT_STATES } from '@muster/core/enrollment/record';
import { parseCoverageId } from '@muster/core/organization/coverage-store';
import { explainInstance } from '@muster/core/reports/explain-instance';
import { readOrganizationStatus } from '@muster/core/reports/organization-status';
import { readWaves } from '@muster/core/rollout/waves/wave-view';
import type { Clock } from '@muster/core/runtime/clock-port';
import { CommandError, EXIT } from '../command-context.ts';
import type { CoverageLine } from '../lists/coverage-list.ts';
import type { FindingLine } from '../lists/finding-list.ts';
import type { InstanceLine } from '../lists/instance-list.ts';
import { readAccounts } from './read-accounts.ts';
import { type InstanceFilter, readInstances } from './read-instances.ts';
import type { Source } from './source.ts';

/** The answers as the ledger in Redis has them. */
export function ledgerSource(ledger: Ledger, clock: Clock, config: MusterConfig): Source {
  return {
    now: () => clock.now(),
    isSorted: false,
    status: () => readOrganizationStatus(ledger, clock.now(), undefined, config.rollout.waves),
    accounts: () => readAccounts(ledger),
    instances: (filter) => instancesOf(ledger, filter, clock),
    findings: () => findingsOf(ledger, clock),
    coverage: () => coverageOf(ledger),
    waves: () => readWaves(ledger, config.rollout.waves, clock.now()),
    explain: (id) => explainInstance({ ledger, config, nowMs: clock.now() }, id),
  };
}

async function* instancesOf(
  ledger: Ledger,
  filter: InstanceFilter,
  clock: Clock,
): AsyncGenerator<InstanceLine> {
  await requireMet(ledger, filter);
  yield* readInstances(ledger, filter, clock.now());
}

/** A slip must not look like an organization without such instances. A word of a newer release is one while instances have it. */
async function requireMet(
  ledger: Ledger,
  { state, cause, accountId, region }: InstanceFilter,
): Promise<void> {
  const isState = state === null || ENROLLMENT_STATES.some((one) => one === state);
  if (!isState || (cause !== null && !isCause(cause))) {
    const { states, causes } = await ledger.enrollments.counts();
    if (!isState && !states.has(state)) {
      throw new CommandError(
        EXIT.usage,
        `--state ${state}: there is no such state; there are ${ENROLLMENT_STATES.join(', ')}`,
      );
    }
    if (cause !== null && !isCause(cause) && !causes.has(cause)) {
      throw new CommandError(
        EXIT.usage,
        `--cause ${cause}: there is no such cause; muster findings lists those that are met`,
      );
    }
  }
  const scopes = [
    ...(accountId === null ? [] : [{ kind: 'account', value: accountId } as const]),
    ...(region === null ? [] : [{ kind: 'region', value: region } as const]),
  ];
  for (const scope of scopes) {
    const fault = await faultOfScope(ledger, scope);
    if (fault !== null) throw new CommandError(EXIT.usage, fault);
  }
}

async function* findingsOf(ledger: Ledger, clock: Clock): AsyncGenerator<FindingLine> {
  const nowMs = clock.now();
  const [{ findings, instances }, mutes] = await Promise.all([
    readOrganizationStatus(ledger, nowMs),
    ledger.mutes.standing(nowMs),
  ]);
  yield* findings;
  const causes = Object.entries(instances.byCause).toSorted(([, a], [, b]) => b - a);
  for (const [kind, count] of causes) {
    const { title, remedy, owner } = causeFacts(kind);
    const id = idOfFinding({ kind: `cause:${kind}`, scope: `cause:${kind}` });
    yield {
      kind,
      scope: 'instances',
      count,
      since: null,
      message: title,
      remedy,
      owner,
      severity: severityOfCause(owner),
      muted: viewOfMute(mutes.get(id)),
    };
  }
}

async function* coverageOf(ledger: Ledger): AsyncGenerator<CoverageLine> {
  const [all, accounts] = await Promise.all([ledger.coverage.all(), ledger.coverage.accounts()]);
  const names = new Map(accounts.map(({ account }) => [account.accountId, account.name]));
  for (const { id, coverage } of all.toSorted((a, b) => a.id.localeCompare(b.id))) {
    const { accountId, target } = parseCoverageId(id);
    yield {
      accountId,
      accountName: names.get(accountId) ?? '',
      region: target?.region ?? '*',
      status: coverage.status,
      lastReadAt: isoTime(coverage.attemptedAtMs),
      lastCompleteAt: isoTime(coverage.completeAtMs),
      cause: coverage.cause,
      detail: coverage.detail === '' ? null : coverage.detail,
      remedy: coverage.cause === null ? null : causeFacts(coverage.cause).remedy,
    };
  }
}

/** Null for a time that is not known. */
function isoTime(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
