import { RUN_SHELL_SCRIPT } from './render-install.ts';

/** What AWS takes when a command does not say: delivery and execution each. */
const AWS_DEFAULT_SECONDS = 3_600;

/** The longest a script may run on a host by the agent's own rule (5..172,800 s); a sender may ask for that much. */
export const LONGEST_EXECUTION_SECONDS = 172_800;

interface Timeouts {
  readonly deliveryTimeoutSeconds: number;
  readonly executionTimeoutSeconds: number;
}

/**
 * How long a command can be live at most, in ms from its request, when only its existence is known: its
 * sender may have had another document and another timeout. Where a worker saw SSM's own answer, its ExpiresAfter counts
 * instead. docs/sending-once.md says what this does not cover.
 */
export function longestLifeMs(timeouts: Pick<Timeouts, 'deliveryTimeoutSeconds'>): number {
  return (deliverySeconds(timeouts) + LONGEST_EXECUTION_SECONDS) * 1_000;
}

/** The same as far as our own configuration says. Not for deciding that a command has ended. */
export function usualLifeMs(documentName: string, timeouts: Timeouts): number {
  const execution =
    documentName === RUN_SHELL_SCRIPT
      ? Math.max(timeouts.executionTimeoutSeconds, AWS_DEFAULT_SECONDS)
      : LONGEST_EXECUTION_SECONDS;
  return (deliverySeconds(timeouts) + execution) * 1_000;
}

function deliverySeconds({ deliveryTimeoutSeconds }: Pick<Timeouts, 'deliveryTimeoutSeconds'>): number {
  return Math.max(deliveryTimeoutSeconds, AWS_DEFAULT_SECONDS);
}
