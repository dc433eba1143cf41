import { NodeName } from '@muster/core/inventory/teleport-port';
import type { JobContext } from '@muster/core/jobs/define-job';
import { type Check, passed, skipped, warned } from '@muster/core/reports/doctor/check';
import { isJobError } from '@muster/core/runtime/errors';
import type { ReportDeps } from './report-part.ts';

/** Whether the identity of tctl sees Teleport's own Discovery Services. Not seeing holds nothing, so it is a note. */
export async function checkOtherDiscovery(ctx: JobContext, deps: ReportDeps): Promise<readonly Check[]> {
  if (deps.config.inventory.kind === 'none') return [];
  try {
    const { services, hosts, configs } = await deps.teleport.readDiscovery(ctx.signal);
    const unseen = [
      // One of the two shows each service; an older Teleport knows only the second.
      ...(services === null && hosts === null ? ['discovery_service', 'instance'] : []),
      ...(configs === null ? ['discovery_config'] : []),
    ];
    if (unseen.length === 0) {
      return [passed('other-discovery', 'the identity of tctl sees the Discovery Services of the cluster')];
    }
    return [
      warned(
        'other-discovery',
        'optional-permission-missing',
        `the identity of tctl may not list ${unseen.join(', ')}, or this Teleport does not know them: where a Discovery Service enrolls the same hosts, Muster may not see it, and sends all the same`,
        `Optional. Allow it to the role of the tctl identity (spec.allow.rules: - resources: [${unseen.join(', ')}], verbs: [list, read]), or make sure that no Discovery Service enrolls hosts that Muster selects.`,
      ),
    ];
  } catch (error) {
    return [notAnswered('other-discovery', error, ctx, deps)];
  }
}

/** A node that no host is: the nil UUID. */
const NO_HOST = NodeName.parse('00000000-0000-0000-0000-000000000000');

/**
 * Whether the identity of tctl may do what clean-up does, where clean-up is on. Teleport checks the verb before it looks for
 * the node, so the removal of a node that no host is shows it and changes nothing
 * (gravitational/teleport, `DeleteNode` in `lib/auth/auth_with_roles.go`).
 */
export async function checkCleanUp(ctx: JobContext, deps: ReportDeps): Promise<readonly Check[]> {
  if (!deps.config.cleanup.enabled) return [];
  try {
    await deps.teleport.removeNode(NO_HOST, ctx.signal);
    return [passed('clean-up', 'the identity of tctl may remove nodes')];
  } catch (error) {
    if (!isJobError(error, 'teleport.denied')) return [notAnswered('clean-up', error, ctx, deps)];
    return [
      warned(
        'clean-up',
        'optional-permission-missing',
        'muster.cleanup.enabled is true and the identity of tctl may not remove nodes: those of instances that are gone stay in Teleport',
        'Allow it to the role of the tctl identity (spec.allow.rules: - resources: [node], verbs: [list, read, delete]), or set muster.cleanup.enabled to false.',
      ),
    ];
  }
}

/** No answer says nothing of rights. The check of the inventory fails for a tctl that does not work at all. */
function notAnswered(
  id: 'other-discovery' | 'clean-up',
  error: unknown,
  ctx: JobContext,
  deps: ReportDeps,
): Check {
  ctx.signal.throwIfAborted();
  if (!isJobError(error, 'teleport.denied', 'teleport.unavailable', 'teleport.invalid')) throw error;
  return skipped(id, `not looked at: ${deps.redact(error.message)}`);
}
