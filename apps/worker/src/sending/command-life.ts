import { RUN_SHELL_SCRIPT } from '@muster/core/domain/installer/render-install';
import type { HandlerDeps } from '../deps.ts';

/** What AWS takes when a command does not say: delivery and execution each. */
const AWS_DEFAULT_SECONDS = 3_600;
/** The longest that an agent lets a step run; a custom document may ask for that much. */
const LONGEST_EXECUTION_SECONDS = 172_800;

/**
 * How long a command can be live at most, in ms from its request, when all that is known of it is that it exists: whoever
 * sent it may have had other timeouts than ours. Where SSM's own answer was seen, its ExpiresAfter counts instead.
 */
export function longestLifeMs(documentName: string, { config }: Pick<HandlerDeps, 'config'>): number {
  const { deliveryTimeoutSeconds, executionTimeoutSeconds } = config.install;
  const delivery = Math.max(deliveryTimeoutSeconds, AWS_DEFAULT_SECONDS);
  const execution =
    documentName === RUN_SHELL_SCRIPT
      ? Math.max(executionTimeoutSeconds, AWS_DEFAULT_SECONDS)
      : LONGEST_EXECUTION_SECONDS;
  return (delivery + execution) * 1_000;
}
