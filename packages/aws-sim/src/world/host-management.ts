import { between, hashNumbers, hashText, unit } from './hash.ts';
import type { Account, HostManagement } from './model.ts';

/** The role that AWS's console and AWS's templates register. */
export const USUAL_HOST_MANAGEMENT_ROLE = 'service-role/AWSSystemsManagerDefaultEC2InstanceManagementRole';
/** A name of an IAM role, with its path but for the leading slash. */
export const HOST_MANAGEMENT_ROLE = /^([\w+=,.@-]+\/)*[\w+=,.@-]{1,64}$/u;

/** Switches Default Host Management Configuration on or (null) off in one region of an account. */
export function switchHostManagement(account: Account, region: string, to: HostManagement | null): void {
  account.hostManagement ??= new Map();
  if (to === null) account.hostManagement.delete(region);
  else account.hostManagement.set(region, to);
}

/** Switches it on in all regions of generated accounts but a share of them, which it is off in. */
export function spreadHostManagement(
  seed: number,
  accounts: readonly Account[],
  regions: readonly string[],
  offShare: number,
): void {
  for (const account of accounts) {
    for (const [r, region] of regions.entries()) {
      if (unit(hashNumbers(seed, account.index, r, 0xd4c)) < offShare) continue;
      switchHostManagement(account, region, { role: USUAL_HOST_MANAGEMENT_ROLE, sinceMs: 0 });
    }
  }
}

/**
 * Simulated milliseconds from the moment it is switched on until an agent without an instance profile has registered: up to
 * half an hour. https://docs.aws.amazon.com/systems-manager/latest/userguide/fleet-manager-default-host-management-configuration.html
 */
export function managedAfterMs(instanceId: string, { sinceMs }: HostManagement): number {
  return sinceMs === 0 ? 0 : between(hashText(7, instanceId), 60_000, 1_800_000);
}
