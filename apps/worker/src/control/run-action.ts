import type { ActionId } from '@muster/core/control/actions/action';
import { runAction } from '@muster/core/control/actions/run-action';
import { catalog } from '@muster/core/jobs/catalog';
import type { JobContext } from '@muster/core/jobs/define-job';
import type { HandlerDeps } from '../deps.ts';
import { doDueWork } from '../due-work.ts';

/** A job's turn; then the next job in the same queue has its own. Real time. */
const TURN_MS = 20_000;

/**
 * Goes on with an operator's action where the process that began it does not: the scheduler, which has no key to seal records
 * with, or a command that was killed.
 */
export function handleRunAction(
  { actionId }: { readonly actionId: ActionId },
  _ctx: JobContext,
  deps: HandlerDeps,
): Promise<{ isOver: boolean }> {
  return doDueWork(deps, 'actions', actionId, async () => {
    const { ledger, config, clock, random } = deps;
    const { isOver } = await runAction(
      {
        ledger,
        config,
        clock,
        random,
        enqueueCancels: (payloads) => deps.enqueue(catalog['cancel-command'], payloads),
      },
      actionId,
      TURN_MS,
    );
    return { nextInMs: isOver ? null : 0, result: { isOver } };
  });
}
