import { RUN_SHELL_SCRIPT } from './installer/render-install.ts';

/** What AWS takes when a command does not say: delivery and execution each. */
const AWS_DEFAULT_SECONDS = 3_600;

/** The longest a script may run on a host by the agent's own rule (5..172,800 s); a custom document may ask for that much. */
export const LONGEST_EXECUTION_SECONDS = 172_800;

/**
 * How long a command can be live at most, in ms from its request, when all that is known of it is that it exists: whoever
 * sent it may have had other timeouts than ours. Where SSM's own answer was seen, its ExpiresAfter counts instead.
 */
export function longestLifeMs(
  documentName: string,
  timeouts: { readonly deliveryTimeoutSeconds: number; readonly executionTimeoutSeconds: number },
): number {
  const delivery = Math.max(timeouts.deliveryTimeoutSeconds, AWS_DEFAULT_SECONDS);
  const execution =
    documentName === RUN_SHELL_SCRIPT
      ? Math.max(timeouts.executionTimeoutSeconds, AWS_DEFAULT_SECONDS)
      : LONGEST_EXECUTION_SECONDS;
  return (delivery + execution) * 1_000;
}
