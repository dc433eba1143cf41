import { targetId, type Target } from '@muster/core/organization/target';
import type { EnrollmentEvent } from '@muster/core/enrollment/event';
import { ORGANIZATION_MEMBER } from '@muster/core/jobs/catalog';
import type { JobContext } from '@muster/core/jobs/define-job';
import { applyEvents } from '@muster/core/enrollment/apply-events';
import { applyBrake } from '../rollout/brake.ts';
import type { HandlerDeps } from '../deps.ts';
import { doDueWork } from '../due-work.ts';

type Result = { joined: number; failed: number; waiting: number };

/**
 * Looks for the installed instances of a target in the last complete snapshot of the inventory. A deadline only counts
 * against a snapshot that was begun after it: an old inventory proves nothing.
 */
export async function handleVerifyJoined(
  { target }: { readonly target: Target },
  _ctx: JobContext,
  deps: HandlerDeps,
): Promise<Result> {
  const member = targetId(target);
  return doDueWork(deps, 'verify', member, deps.timings.leaseMs, async () => {
    const waiting = await deps.ledger.enrollments.awaitingJoin(target);
    if (waiting.length === 0) return { nextInMs: null, result: { joined: 0, failed: 0, waiting: 0 } };
    const ids = waiting.map((one) => one.instanceId);
    const facts = await deps.ledger.nodes.facts();
    const nodes = await deps.ledger.nodes.find(target.accountId, ids);
    const overdue = new Set(
      waiting.filter((one) => facts.readAtMs > one.deadlineMs).map((one) => one.instanceId),
    );
    const ends = ids.filter((id) => nodes.has(id) || overdue.has(id));
    await applyBrake(
      deps,
      target.accountId,
      ends.map((instanceId) => ({ instanceId, failed: !nodes.has(instanceId) })),
    );
    const written = await applyEvents(deps, target, await deps.ledger.enrollments.read(target, ids), (id) => {
      const nodeId = nodes.get(id);
      if (nodeId !== undefined) return [{ kind: 'node-seen', nodeId } satisfies EnrollmentEvent];
      return overdue.has(id) ? [{ kind: 'join-deadline-passed' } satisfies EnrollmentEvent] : [];
    });
    const joined = written.filter(({ after }) => after.state === 'joined').length;
    const failed = written.filter(({ after }) => after.state === 'failed').length;
    const left = waiting.length - written.length;
    if (left > 0) {
      const inMs = deps.timings.retryMs;
      await deps.ledger.due.schedule('inventory', [{ member: ORGANIZATION_MEMBER, inMs }]);
    }
    return {
      nextInMs: left > 0 ? 2 * deps.timings.retryMs : null,
      result: { joined, failed, waiting: left },
    };
  });
}
