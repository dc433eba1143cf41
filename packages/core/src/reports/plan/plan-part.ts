/** What workers answer for a plan: one part for the organization, one per account, one per target. */
import { z } from 'zod';
import { StoredCause } from '../../enrollment/cause.ts';
import { HOST_MANAGEMENT_STATES } from '../../organization/host-management.ts';
import { AccountId, Region } from '../../organization/ids.ts';
import { Target } from '../../organization/target.ts';

const count = z.int().min(0);

/** Where the instances of a scope stand, and would go. An instance is in exactly one of them. */
export const PlanCounts = z.object({
  /** Would be sent the installer now. */
  install: count,
  /** Failed before; would be sent to when its back-off ends. */
  retryLater: count,
  /** Running and matched, but nothing is sent while its cause holds. */
  ineligible: count,
  /** In Teleport's inventory already. */
  joined: count,
  /** A command is under way, or an installed host has yet to be seen. */
  inProgress: count,
  stopped: count,
  /** Just starting: judged by the next scan. */
  pending: count,
  /** No matcher wants it. */
  unmatched: count,
});
export type PlanCounts = z.infer<typeof PlanCounts>;

export const NO_INSTANCES: PlanCounts = {
  install: 0,
  retryLater: 0,
  ineligible: 0,
  joined: 0,
  inProgress: 0,
  stopped: 0,
  pending: 0,
  unmatched: 0,
};

/** How a scope was read. Anything but `complete` is listed as unread, never as empty. `regionOff` has nothing to read. */
export const READ_STATUSES = [
  'complete',
  'denied',
  'regionOff',
  'notActive',
  'throttled',
  'failed',
  'pending',
] as const;
export type ReadStatus = (typeof READ_STATUSES)[number];

const reading = {
  status: z.enum(READ_STATUSES),
  /** Null when it was read. */
  cause: StoredCause.nullable(),
  /** The missing action or AWS's words; empty when it was read. */
  detail: z.string(),
};

/** An account in scope and how it was entered. */
export const AccountReading = z.object({
  accountId: AccountId,
  name: z.string(),
  state: z.string(),
  /** Ids from the root down; empty when the account was not found through an organization. */
  units: z.array(z.string()),
  ...reading,
  regions: z.array(Region),
  /** Roles that it is entered with. */
  roles: count,
  /** Calls for its list of regions. */
  regionCalls: count,
});
export type AccountReading = z.infer<typeof AccountReading>;

export const TargetReading = z.object({
  target: Target,
  ...reading,
  counts: PlanCounts,
  /** Σ = counts.ineligible */
  ineligibleByCause: z.record(z.string(), count),
  /** Whether Default Host Management Configuration is on; null where all hosts are managed, and AWS was not asked. */
  hostManagement: z.enum(HOST_MANAGEMENT_STATES).nullable().default(null),
  /** Instances that EC2 listed, per role that it was asked with. */
  listed: z.array(count),
  /** Nodes in SSM's inventory; null when no instance had to be judged, and SSM was not asked. */
  managed: count.nullable(),
  /** Running, matched, judged by SSM's inventory, and of those the ones that could be sent to. */
  judged: count,
  ready: count,
  /** Instances to install per matcher, by its label. */
  batches: z.array(z.object({ matcher: z.string(), documentName: z.string(), instances: count })),
});
export type TargetReading = z.infer<typeof TargetReading>;

/** What is known of Teleport's inventory. `none`: not configured. */
export const InventoryReading = z.object({
  state: z.enum(['read', 'none', 'unreadable']),
  nodes: count,
  detail: z.string(),
});
export type InventoryReading = z.infer<typeof InventoryReading>;

/** Accounts and nodes that a plan names of a clean-up; the rest is counted. */
export const CLEAN_UP_ACCOUNTS = 40;
export const CLEAN_UP_NODES = 20;

/** Nodes that clean-up would remove from Teleport, as the ledger proposes them: EC2 and Teleport are asked right before each removal. */
export const CleanUpReading = z.object({
  enabled: z.boolean(),
  nodes: count,
  accounts: count,
  /** Of `nodes`, those that are too many to go without `muster approve cleanup`. */
  held: count,
  perHour: count,
  maxShare: z.number(),
  /** The accounts with most of them, at most `CLEAN_UP_ACCOUNTS`. */
  byAccount: z.array(z.object({ accountId: AccountId, nodes: count })),
  /** Those whose instances have been gone longest, at most `CLEAN_UP_NODES`. */
  longestGone: z.array(
    z.object({
      accountId: AccountId,
      region: z.string(),
      instanceId: z.string(),
      /** The node's name in Teleport: untrusted text. */
      nodeId: z.string(),
      /** `instance-gone`, `account-left`; a newer release may know more. */
      why: z.string(),
      goneSince: z.string(),
    }),
  ),
});
export type CleanUpReading = z.infer<typeof CleanUpReading>;

export const OrganizationReading = z.object({
  /** Which worker answered. */
  worker: z.string(),
  /** Keys of its matchers, to find a worker that was configured otherwise. */
  matcherKeys: z.array(z.string()),
  inventory: InventoryReading,
  /** Accounts in scope. */
  accounts: count,
  /** Why they could not all be listed; null when they were. */
  error: z.string().nullable(),
  /** Null where nothing is recorded, no inventory was read, the accounts could not be listed, or an older release answered. */
  cleanUp: CleanUpReading.nullable().default(null),
});
export type OrganizationReading = z.infer<typeof OrganizationReading>;
