import type { StoredCause } from './cause.ts';
import { EXIT_NO_HOST_SHELL } from '../install/exit-codes.ts';

/**
 * Whether a failed attempt has shown what only the host itself can tell, and what no other attempt would change: that
 * an agent is configured there which discovery did not install, or that it is a system on which nothing can be installed.
 */
export function isToldByHost(attempt: {
  readonly cause: StoredCause | null;
  readonly exitCode: number | null;
}): boolean {
  if (attempt.cause === 'host-managed-elsewhere') return true;
  return attempt.cause === 'ec2-ssm-unsupported-os' && attempt.exitCode === EXIT_NO_HOST_SHELL;
}
