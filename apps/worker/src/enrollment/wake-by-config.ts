import { hash } from 'node:crypto';
import type { MusterConfig } from '@muster/core/config/model';
import { matchersWorkedBy } from '@muster/core/control/worked-by';
import { causesRepairedBy, type InstallSetting } from '@muster/core/enrollment/cause';
import { targetId } from '@muster/core/organization/target';
import type { HandlerDeps } from '../deps.ts';
import { readAllAgain, takeSelection } from '../rollout/take-selection.ts';
import { applyEvents } from '@muster/core/enrollment/apply-events';

type Deps = Pick<HandlerDeps, 'ledger' | 'config' | 'clock' | 'random' | 'timings' | 'newId'>;

/** What the ledger keeps of the configuration that was last worked by; its JSON is compared as text. */
interface Worked {
  readonly matchers: readonly string[];
  readonly enabled: boolean;
  readonly executionTimeout: number;
  readonly deliveryTimeout: number;
  readonly joinTimeout: number;
  /** A digest of the freeze windows; absent without any, as older releases write it. */
  readonly freeze?: string;
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
  const { control } = deps.ledger;
  for (const finding of await control.findings()) {
    // A worker that still lacks a matcher says so again.
    if (finding.kind === 'config-skew') await control.clear('config-skew', finding.scope);
  }
  await deps.ledger.waves.takeUp(deps.config.rollout.waves);
  const before = await control.workedBy();
  await takeSelection(deps, before === null ? null : (matchersWorkedBy(before) ?? []));
  const now = workedOf(deps.config);
  const text = JSON.stringify(now);
  if (before === text) return false;
  if (before !== null) {
    const { freeze: frozenBefore, ...workedBefore } = JSON.parse(before) as Partial<Worked>;
    const { freeze: frozenNow, ...rest } = now;
    // What waits for the end of a window is due at that end, which may be another one now.
    if (frozenBefore !== frozenNow) await wakeWaiting(deps);
    if (JSON.stringify(workedBefore) === JSON.stringify(rest)) {
      await control.setWorkedBy(text);
      return true;
    }
    // What was installed by the configuration before says nothing of this one.
    await deps.ledger.brake.reset('all', deps.clock.now());
    await wakeFailed(workedBefore, now, deps);
    await readAllAgain(deps);
  }
  await control.setWorkedBy(text);
  return before !== null;
}

function workedOf({ matchers, install, enabled, freeze }: MusterConfig): Worked {
  return {
    matchers: matchers.map(({ key }) => key),
    enabled,
    executionTimeout: install.executionTimeoutSeconds,
    deliveryTimeout: install.deliveryTimeoutSeconds,
    joinTimeout: install.joinTimeoutMs,
    ...(freeze.length === 0 ? {} : { freeze: hash('sha256', JSON.stringify(freeze)).slice(0, 16) }),
  };
}

/** Targets with hosts that may be sent to look at once whether they may go on. */
async function wakeWaiting({ ledger: { due, enrollments } }: Deps): Promise<void> {
  const states = ['queued', 'failed', 'lost'].map((state) => ({ state }));
  const waiting = await enrollments.targetsWith(...states);
  await due.schedule('install', waiting.map(targetId));
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
