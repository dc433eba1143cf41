import type { StoredRecord } from '@muster/core/enrollment/record';
import {
  countUnmanaged,
  type HostManagement,
  type UnmanagedHosts,
} from '@muster/core/organization/host-management';
import type { KnownHostManagement } from '@muster/core/organization/host-management-store';
import type { JobContext } from '@muster/core/jobs/define-job';
import { type Target, targetId } from '@muster/core/organization/target';
import { isJobError, messageOf } from '@muster/core/runtime/errors';
import type { RoleGroup } from '@muster/core/scan/matcher-scope';
import type { HandlerDeps } from '../deps.ts';
import type { Decision } from './decide-target.ts';

type Deps = Pick<HandlerDeps, 'ledger' | 'hostManagement' | 'clock' | 'timings'>;

/**
 * Keeps what is known of Default Host Management Configuration in a target that has hosts which Systems Manager does not
 * have. AWS is asked once a day, and as soon as there are fewer of them: then it may have been switched on. A role that may not
 * ask costs one refused call per account and day; nothing else depends on the answer, so no failure of it is one of the scan.
 */
export async function trackHostManagement(
  { target, groups }: { readonly target: Target; readonly groups: readonly RoleGroup[] },
  { next, denial }: Pick<Decision, 'next' | 'denial'>,
  before: KnownHostManagement,
  { signal, log }: Pick<JobContext, 'signal' | 'log'>,
  deps: Deps,
): Promise<void> {
  // Where SSM's inventory could not be read, it is not known who is missing from it.
  if (denial !== null) return;
  const unmanaged = countUnmanaged(causesOf(next.values()));
  const { known } = before;
  const { hostManagement } = deps.ledger;
  if (unmanaged.hosts === 0) {
    if (known !== null) await hostManagement.put(target, null);
    return;
  }
  const isCurrent = known !== null && deps.clock.now() < known.askAgainAtMs && unmanaged.hosts >= known.hosts;
  if (isCurrent && known.hosts === unmanaged.hosts && known.withoutProfile === unmanaged.withoutProfile) {
    return;
  }
  const answer = isCurrent ? known : await ask(target, groups, before, { signal, log }, deps);
  await hostManagement.put(target, withHosts(answer, unmanaged));
}

/** Of the running, matched hosts that nothing can be sent to. */
function* causesOf(records: Iterable<StoredRecord>): Iterable<readonly [string, number]> {
  for (const record of records) if (record.state === 'ineligible') yield [record.cause, 1];
}

type Answer = Pick<HostManagement, 'state' | 'askAgainAtMs'>;

function withHosts({ state, askAgainAtMs }: Answer, unmanaged: UnmanagedHosts): HostManagement {
  return { state, askAgainAtMs, ...unmanaged };
}

async function ask(
  target: Target,
  groups: readonly RoleGroup[],
  { deniedUntilMs }: KnownHostManagement,
  { signal, log }: Pick<JobContext, 'signal' | 'log'>,
  { ledger, hostManagement, clock, timings }: Deps,
): Promise<Answer> {
  const nowMs = clock.now();
  if (deniedUntilMs !== null && nowMs < deniedUntilMs) {
    return { state: 'unknown', askAgainAtMs: deniedUntilMs };
  }
  const askAgainAtMs = nowMs + timings.hostManagementMs;
  try {
    const isOn = await hostManagement.isHostManagementOn(
      { ...target, role: groups[0]?.role ?? null },
      signal,
    );
    if (deniedUntilMs !== null) await ledger.hostManagement.putDenied(target.accountId, null);
    return { state: isOn ? 'on' : 'off', askAgainAtMs };
  } catch (error) {
    signal.throwIfAborted();
    if (!isJobError(error)) throw error;
    if (isJobError(error, 'aws.denied')) {
      await ledger.hostManagement.putDenied(target.accountId, askAgainAtMs);
      return { state: 'unknown', askAgainAtMs };
    }
    log.debug(
      { target: targetId(target), err: messageOf(error) },
      'Default Host Management Configuration not read',
    );
    return { state: 'unknown', askAgainAtMs: nowMs + timings.passingMs };
  }
}
