import { isJobError, type JobError } from '@muster/core/runtime/errors';
import type { RoleGroup } from '@muster/core/scan/matcher-scope';
import type { Target } from '@muster/core/organization/target';
import type { HandlerDeps } from '../deps.ts';

/**
 * Why the target's own commands may not be listed; null when they may. One call per role of a target where that was
 * denied before: without it nothing can be sent safely, and its candidates would be queued and withdrawn by every scan.
 */
export async function checkCommands(
  target: Target,
  groups: readonly RoleGroup[],
  signal: AbortSignal,
  deps: Pick<HandlerDeps, 'commands' | 'clock'>,
): Promise<JobError | null> {
  for (const { role, matchers } of groups) {
    const [matcher] = matchers;
    if (matcher === undefined) continue;
    const query = { documentName: matcher.install.documentName, invokedAfterMs: deps.clock.now() };
    try {
      for await (const _ of deps.commands.findInvocations({ ...target, role }, query, signal)) break;
    } catch (error) {
      if (isJobError(error, 'aws.denied')) return error;
      throw error;
    }
  }
  return null;
}
