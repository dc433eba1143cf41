import type { CauseOwner } from '../enrollment/cause.ts';

/** The most urgent first. `page` stops work or endangers hosts, `warn` needs a person in the next days, `info` is good to know. */
export const SEVERITIES = ['page', 'warn', 'info'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** How urgent the hosts of a cause are: what goes by itself is good to know, the rest needs a person. */
export function severityOfCause(owner: CauseOwner): Severity {
  return owner === 'muster' ? 'info' : 'warn';
}

/** Whether a severity is as urgent as another, or more. */
export function isAtLeast(severity: Severity, least: Severity): boolean {
  return SEVERITIES.indexOf(severity) <= SEVERITIES.indexOf(least);
}
