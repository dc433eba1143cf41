/** What workers answer for `muster doctor`: one part for the organization, one for Teleport, one per account. */
import { z } from 'zod';
import { AccountId } from '../../organization/ids.ts';
import { Check } from './check.ts';

export const OrganizationCheckup = z.object({
  /** Which worker answered. */
  worker: z.string(),
  /** Keys of its matchers, to find a worker that was configured otherwise. */
  matcherKeys: z.array(z.string()),
  checks: z.array(Check),
  /** Accounts in scope. */
  accounts: z.int().min(0),
  /** Null when it could not be learned, or no organization is configured. */
  managementAccountId: AccountId.nullable(),
});
export type OrganizationCheckup = z.infer<typeof OrganizationCheckup>;

export const TeleportCheckup = z.object({ checks: z.array(Check) });
export type TeleportCheckup = z.infer<typeof TeleportCheckup>;

export const AccountCheckup = z.object({
  accountId: AccountId,
  name: z.string(),
  /** Ids from the root down; empty when the account was not found through an organization. */
  units: z.array(z.string()),
  state: z.string(),
  /** ARNs of the roles that it is entered with; empty for the worker's own credentials. */
  roles: z.array(z.string()),
  /** Those of them that could not be assumed. */
  lockedRoles: z.array(z.string()),
  /** Required actions that are missing. */
  missingActions: z.array(z.string()),
  regions: z.int().min(0),
  /** Running, matched instances, and those whose SSM agent is online. */
  agents: z.object({ running: z.int().min(0), online: z.int().min(0) }),
  checks: z.array(Check),
});
export type AccountCheckup = z.infer<typeof AccountCheckup>;
