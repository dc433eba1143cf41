import type { FindingRow } from '@muster/api/findings';
import type { Overview } from '@muster/api/overview';
import type { Rollout } from '@muster/api/rollout';
import { NO_TARGETS } from '@muster/core/organization/coverage';
import type { OrganizationStatus } from '@muster/core/reports/organization-status';

const NO_SWEEP = {
  id: null,
  state: 'running',
  verdict: null,
  startedAt: null,
  finishedAt: null,
  accounts: { total: 0, denied: 0, inactive: 0 },
  targets: NO_TARGETS,
  notRead: { accounts: 0, targets: 0 },
} as const;

/** `muster status` from answers of the API: the same words as from the ledger (docs/status-json.md). */
export function statusOf(
  { sweep, instances, commands, aws }: Overview,
  findings: readonly FindingRow[],
  { waves, ramps, waits }: Rollout,
): OrganizationStatus {
  return {
    sweep: sweep ?? NO_SWEEP,
    instances,
    outputs: findings
      .flatMap(({ kind, outputs }) =>
        outputs.map((output) => ({ cause: kind.replace(/^cause:/, ''), ...output })),
      )
      .toSorted((a, b) => b.hosts - a.hosts),
    commands,
    // The API does not tell how many labels wait.
    labels: { waiting: null },
    rollout: {
      waves: waves as OrganizationStatus['rollout']['waves'],
      ramps: ramps as OrganizationStatus['rollout']['ramps'],
    },
    waits: waits as OrganizationStatus['waits'],
    aws,
    findings: findings
      .filter(({ kind }) => !kind.startsWith('cause:'))
      .map(({ kind, scope, since, message, remedy, owner, count, severity, muted }) => ({
        kind,
        scope,
        since: since ?? '',
        message,
        remedy,
        owner,
        count,
        severity,
        muted,
      })),
  };
}
