import type { MusterConfig } from '@muster/core/config/model';
import { causesRepairedBy, type InstallSetting } from '@muster/core/enrollment/cause';
import { ORGANIZATION_MEMBER } from '@muster/core/jobs/catalog';
import { targetId } from '@muster/core/organization/target';
import type { HandlerDeps } from '../deps.ts';
import { applyEvents } from '@muster/core/enrollment/apply-events';

type Deps = Pick<HandlerDeps, 'ledger' | 'config' | 'clock' | 'random' | 'timings'>;

/** What the ledger keeps of the configuration that was last worked by; its JSON is compared as text. */
interface Worked {
  readonly matchers: readonly string[];
  readonly enabled: boolean;
  readonly executionTimeout: number;
  readonly deliveryTimeout: number;
  readonly joinTimeout: number;
}

/**
 * Wakes what a changed configuration may have fixed: accounts, regions and targets are read again now, and hosts that
 * failed for want of time are tried again when they have more. What waits on a matcher needs nothing here: a changed
 * matcher has another key, and the scan judges its instances afresh.
 *
 * The first process that works by a configuration does it; the others find it done. A kill in between does it again.
 *
 * @returns whether the configuration had changed
 */
export async function wakeByConfig(deps: Deps): Promise<boolean> {
  const { control, due, coverage } = deps.ledger;
  for (const finding of await control.findings()) {
    // A worker that still lacks a matcher says so again.
    if (finding.kind === 'config-skew') await control.clear('config-skew', finding.scope);
  }
  const before = await control.workedBy();
  const now = workedOf(deps.config);
  const word = JSON.stringify(now);
  if (before === word) return false;
  if (before !== null) {
    // What was installed by the configuration before says nothing of this one.
    await control.resetBrake('all', deps.clock.now());
    await wakeFailed(JSON.parse(before) as Partial<Worked>, now, deps);
    await due.schedule('accounts', [{ member: ORGANIZATION_MEMBER, inMs: 0 }]);
    for (const accountId of await coverage.accountIds()) {
      await due.schedule('regions', [{ member: accountId, inMs: 0 }]);
      const regions = (await coverage.account(accountId))?.regions ?? [];
      const targets = regions.map((region) => ({ member: targetId({ accountId, region }), inMs: 0 }));
      if (targets.length > 0) await due.schedule('scan', targets);
    }
  }
  await control.setWorkedBy(word);
  return before !== null;
}

function workedOf({ matchers, install, enabled }: MusterConfig): Worked {
  return {
    matchers: matchers.map(({ key }) => key),
    enabled,
    executionTimeout: install.executionTimeoutSeconds,
    deliveryTimeout: install.deliveryTimeoutSeconds,
    joinTimeout: install.joinTimeoutMs,
  };
}

async function wakeFailed(before: Partial<Worked>, now: Worked, deps: Deps): Promise<void> {
  const raised: InstallSetting[] = [];
  if (now.executionTimeout > (before.executionTimeout ?? 0)) raised.push('install.timeout');
  if (now.deliveryTimeout > (before.deliveryTimeout ?? 0)) raised.push('install.delivery_timeout');
  if (now.joinTimeout > (before.joinTimeout ?? 0)) raised.push('install.join_timeout');
  const causes = new Set<string>(raised.flatMap(causesRepairedBy));
  const held = [...causes].map((cause) => ({ cause }));
  for (const target of await deps.ledger.enrollments.targetsWith(...held)) {
    const records = await deps.ledger.enrollments.readAll(target);
    const repaired = new Map(
      [...records].filter(([, { value }]) => value.state === 'failed' && causes.has(value.cause)),
    );
    await applyEvents(deps, target, repaired, () => [{ kind: 'retry-requested' }]);
  }
}
