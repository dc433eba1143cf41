import type { Scope } from '@muster/core/control/control';
import type { EnrollmentRecord } from '@muster/core/enrollment/record';
import type { Target } from '@muster/core/organization/target';

/** The targets that a scope can have instances in; all of them where the scope does not say. */
export function targetsInScope(targets: readonly Target[], scope: Scope): readonly Target[] {
  return targets.filter(
    (target) =>
      (!scope.startsWith('account:') || scope === `account:${target.accountId}`) &&
      (!scope.startsWith('region:') || scope === `region:${target.region}`),
  );
}

/** Whether a record of a target in scope is meant. */
export function isRecordInScope(record: EnrollmentRecord, scope: Scope): boolean {
  if (scope.startsWith('instance:')) return scope === `instance:${record.instanceId}`;
  if (!scope.startsWith('cause:')) return true;
  return (record.state === 'failed' || record.state === 'ineligible') && scope === `cause:${record.cause}`;
}
