/** Accounts and targets: what was read, and what became of their instances. */
import { z } from 'zod';
import { ListQuery, pageOf, Time, Words } from './paging.ts';
import { AccountId, ByCause, ByState, CoverageStatus } from './scopes.ts';

const HOST_SUMS = {
  /** Hosts that matter: all but stopped, unmatched and gone. */
  hosts: z.number().int(),
  joined: z.number().int(),
  lost: z.number().int(),
  failed: z.number().int(),
  ineligible: z.number().int(),
  /** Discovered, queued, sending, installing, installed: what goes on to joined by itself. */
  underWay: z.number().int(),
};

/** An account with the sum of its targets. */
export const AccountRow = z.object({
  accountId: AccountId,
  /** As AWS Organizations has it; empty where no listing has shown it. Untrusted. */
  name: z.string(),
  /** Ids from the root down; empty when the account was not found through an organization. */
  unitPath: z.array(z.string()),
  /** The worst of its targets. `denied` is one that cannot be entered at all; `partial` one of which a target is denied. */
  status: CoverageStatus,
  /** Why it, or one of its targets, is not read; null when all are. */
  cause: z.string().nullable(),
  /** The missing action or AWS's own message; empty when complete. Untrusted. */
  detail: z.string(),
  regions: z.number().int(),
  ...HOST_SUMS,
  byState: ByState,
  byCause: ByCause,
  /** Oldest complete reading among its targets; null when one was never read completely. */
  lastCompleteAt: Time.nullable(),
  /** Whether a pause covers the whole account. */
  paused: z.boolean(),
});
export type AccountRow = z.infer<typeof AccountRow>;

export const AccountsQuery = ListQuery.extend({
  q: z.string().max(200).optional().describe('Part of an id or a name.'),
  unit: z.string().max(100).optional().describe('Accounts below this organizational unit.'),
  status: Words.optional(),
  state: Words.optional().describe('Accounts with an instance in one of these states.'),
  cause: Words.optional().describe('Accounts with an instance, or a target, that has one of these causes.'),
});
export type AccountsQuery = z.infer<typeof AccountsQuery>;
export const AccountsPage = pageOf(AccountRow);

/** A unit with the sum of the accounts below it. */
export const UnitRow = z.object({
  unitId: z.string(),
  /** Null for a root. */
  parentId: z.string().nullable(),
  /** As the configuration or AWS calls it; empty where neither does. */
  name: z.string(),
  accounts: z.number().int(),
  denied: z.number().int(),
  hosts: z.number().int(),
  joined: z.number().int(),
  lost: z.number().int(),
  failed: z.number().int(),
});
export type UnitRow = z.infer<typeof UnitRow>;
export const UnitsPage = pageOf(UnitRow);

/** One account × region. */
export const TargetRow = z.object({
  accountId: AccountId,
  accountName: z.string(),
  /** `*` stands for an account that cannot be entered. */
  region: z.string(),
  status: CoverageStatus,
  cause: z.string().nullable(),
  detail: z.string(),
  lastReadAt: Time.nullable(),
  lastCompleteAt: Time.nullable(),
  ...HOST_SUMS,
});
export type TargetRow = z.infer<typeof TargetRow>;

export const TargetsQuery = ListQuery.extend({
  account: Words.optional(),
  region: Words.optional(),
  unit: z.string().max(100).optional(),
  status: Words.optional(),
  q: z.string().max(200).optional().describe('Part of an account’s id or name, or of a region.'),
});
export type TargetsQuery = z.infer<typeof TargetsQuery>;
export const TargetsPage = pageOf(TargetRow);

/** The map of accounts by regions, small enough for 1,000 × 17: one row of cells per account. */
export const CoverageMap = z.object({
  regions: z.array(z.string()),
  accounts: z.array(
    z.object({
      accountId: AccountId,
      name: z.string(),
      /** By the order of `regions`; null where the region is not in scope. `[status, hosts, joined, failed + lost]`. */
      cells: z.array(z.tuple([CoverageStatus, z.number(), z.number(), z.number()]).nullable()),
    }),
  ),
});
export type CoverageMap = z.infer<typeof CoverageMap>;
