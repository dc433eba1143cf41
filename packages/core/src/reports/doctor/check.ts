import { z } from 'zod';
import { AccountId } from '../../organization/ids.ts';

/** How a check ended. `skipped`: it could not be made, or is only a reminder; its detail says which. */
export const CHECK_STATUSES = ['pass', 'warn', 'fail', 'skipped'] as const;
export type CheckStatus = (typeof CHECK_STATUSES)[number];

/** What is looked at, in the order in which a person would. */
export const CHECK_IDS = [
  'configuration',
  'marker-key',
  'redis',
  'redis-settings',
  'scheduler',
  'worker',
  'clock',
  'credentials',
  'organization',
  'organization-permission',
  'account-state',
  'account-role',
  'permission',
  'regions',
  'document',
  'agents',
  'proxy',
  'proxy-address',
  'managed-updates',
  'installer',
  'token',
  'inventory',
  'other-discovery',
  'clean-up',
] as const;
export type CheckId = (typeof CHECK_IDS)[number];

/** The closed list of why a check did not pass. */
export const CHECK_CAUSES = [
  'configuration-invalid',
  'configuration-off',
  'configuration-skew',
  'marker-key-missing',
  'redis-unreachable',
  'redis-unsafe',
  'redis-not-durable',
  'redis-without-password',
  'redis-refuses-writes',
  'redis-rights-missing',
  'redis-min-replicas',
  'ledger-of-another',
  'no-scheduler',
  'no-worker',
  'worker-silent',
  'clock-skew',
  'credentials-missing',
  'credentials-refused',
  'organization-denied',
  'organization-wrong',
  'no-accounts',
  'permission-missing',
  'optional-permission-missing',
  'role-not-assumable',
  'region-off',
  'region-denied',
  'document-missing',
  'document-refuses-parameters',
  'agents-offline',
  'agents-too-old',
  'hosts-not-linux',
  'proxy-unreachable',
  'proxy-not-teleport',
  'proxy-address-differs',
  'managed-updates-off',
  'managed-updates-held',
  'installer-missing',
  'installer-unreachable',
  'installer-not-a-script',
  'installer-changed',
  'token-missing',
  'token-unfit',
  'inventory-unreadable',
  'inventory-stale',
  'no-inventory',
  'aws-throttled',
  'aws-unavailable',
  'not-answered',
  'internal',
] as const;
export type CheckCause = (typeof CHECK_CAUSES)[number];

/** One look at one thing. */
export const Check = z.object({
  id: z.enum(CHECK_IDS),
  /** What of it: an IAM action, a region, a document, an address; null where the id says all. */
  subject: z.string().nullable(),
  /** The account it is about; null for what concerns the whole installation. */
  accountId: AccountId.nullable(),
  status: z.enum(CHECK_STATUSES),
  /** Why it did not pass; null when it did, and for a reminder. */
  cause: z.enum(CHECK_CAUSES).nullable(),
  /** What was seen. */
  detail: z.string(),
  /** What to do: the permission, the setting or the command. Null when there is nothing to do. */
  remedy: z.string().nullable(),
});
export type Check = z.infer<typeof Check>;

/** A check about the whole installation, when no account is given; `subject` is null without one. */
export interface CheckPlace {
  readonly subject?: string;
  readonly accountId?: AccountId;
}

export function passed(id: CheckId, detail: string, place: CheckPlace = {}): Check {
  return checkOf(id, 'pass', null, detail, null, place);
}

/** Something that could not be looked at, and why; `cause` null for a reminder. */
export function skipped(
  id: CheckId,
  detail: string,
  remedy: string | null = null,
  place: CheckPlace = {},
): Check {
  return checkOf(id, 'skipped', null, detail, remedy, place);
}

export function warned(
  id: CheckId,
  cause: CheckCause,
  detail: string,
  remedy: string,
  place: CheckPlace = {},
): Check {
  return checkOf(id, 'warn', cause, detail, remedy, place);
}

export function failed(
  id: CheckId,
  cause: CheckCause,
  detail: string,
  remedy: string,
  place: CheckPlace = {},
): Check {
  return checkOf(id, 'fail', cause, detail, remedy, place);
}

function checkOf(
  id: CheckId,
  status: CheckStatus,
  cause: CheckCause | null,
  detail: string,
  remedy: string | null,
  place: CheckPlace,
): Check {
  const { subject = null, accountId = null } = place;
  return { id, subject, accountId, status, cause, detail, remedy };
}

/** What workers answer for `muster doctor`: one part for the organization, one for Teleport, one per account. */

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
