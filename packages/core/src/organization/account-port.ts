import type { AccountId, Region } from './ids.ts';
import type { RoleReference } from '../scan/matcher.ts';

/** How one account is entered, and what is enabled in it. */
export interface AccountPort {
  /**
   * Assumes the role (cached per account and role) and asserts that the session belongs to `accountId`.
   * Throws `aws.denied` when the role is missing, untrusting or in another account; `aws.throttled`, `aws.unavailable`, `aws.credentials`.
   */
  enter(accountId: AccountId, role: RoleReference | null, signal: AbortSignal): Promise<void>;
  /** Regions enabled for the account: account:ListRegions, else ec2:DescribeRegions where that is denied. Throws `aws.denied` when both are. */
  listRegions(
    accountId: AccountId,
    role: RoleReference | null,
    signal: AbortSignal,
  ): Promise<readonly Region[]>;
}
