import type { InstanceId } from '@muster/core/domain/ids';
import type { MislabeledNode } from '@muster/core/ports/teleport';
import type { HandlerDeps } from '../deps.ts';

/** Nodes looked at per reading: a finding names a few, and must not cost more than the reading itself. */
export const MOST_MISLABELED = 50;
/** Instances that a finding names. */
const NAMED = 5;

/**
 * Finds out which mislabeled nodes are hosts that Muster installed, or tries to: they have joined and nobody finds them,
 * so they would be installed again and again. Other nodes on EC2 without the labels are somebody else's, and no finding.
 */
export async function reportMislabeled(
  nodes: readonly MislabeledNode[],
  deps: Pick<HandlerDeps, 'ledger' | 'clock'>,
): Promise<void> {
  const ours: string[] = [];
  for (const [accountId, list] of Map.groupBy(nodes, (node) => node.accountId)) {
    const known = await deps.ledger.coverage.account(accountId);
    const ids: InstanceId[] = list.map(({ instanceId }) => instanceId);
    for (const region of known?.regions ?? []) {
      const records = await deps.ledger.enrollments.read({ accountId, region }, ids);
      for (const [id, { value }] of records) {
        if (value.attemptCount > 0 || value.state === 'installed') ours.push(`${accountId}/${id}`);
      }
    }
  }
  if (ours.length === 0) {
    await deps.ledger.control.clear('node-labels-wrong', 'all');
    return;
  }
  await deps.ledger.control.raise({
    kind: 'node-labels-wrong',
    scope: 'all',
    sinceMs: deps.clock.now(),
    message: `${ours.length} nodes have joined without the labels of their instance, or with those of another: ${ours.toSorted().slice(0, NAMED).join(', ')}${ours.length > NAMED ? ' and others' : ''}.`,
    remedy:
      'The installer must set the labels teleport.dev/account-id and teleport.dev/instance-id, as the default one does: look at the custom installer (install.script_name) or document, and at ssh_service.labels on the host.',
  });
}
