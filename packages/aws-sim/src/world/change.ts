import { z } from 'zod';
import { FaultRule } from '../faults/rules.ts';
import { LimitOverrides } from '../limits/defaults.ts';
import { HostOutcomes } from './outcome.ts';
import { AccountTags, WrittenAccount, WrittenInstance, WrittenSsm } from './written.ts';

const instanceId = z.string();
const accountId = z.string();

/** A change to a living world: from its timeline, or from outside. */
export const WorldChange = z.discriminatedUnion('op', [
  z.strictObject({ op: z.literal('start-instance'), instanceId }),
  z.strictObject({ op: z.literal('stop-instance'), instanceId }),
  z.strictObject({ op: z.literal('terminate-instance'), instanceId }),
  z.strictObject({ op: z.literal('launch-instances'), accountId, instance: WrittenInstance }),
  z.strictObject({ op: z.literal('set-outcome'), instanceId, outcome: HostOutcomes }),
  z.strictObject({ op: z.literal('set-ssm'), instanceId, ssm: WrittenSsm.nullable() }),
  z.strictObject({ op: z.literal('set-tags'), instanceId, tags: z.record(z.string(), z.string()) }),
  /** The Teleport agent is gone from the cluster while the host runs on. */
  z.strictObject({ op: z.literal('lose-node'), instanceId }),
  /** The Teleport agent of a host on which one is installed runs again, and joins. */
  z.strictObject({ op: z.literal('restore-node'), instanceId }),
  /**
   * Teleport's agents of a share of the hosts that have joined die, each at its own moment within `withinMs`; those of a share
   * of these run again after a time of their own.
   */
  z.strictObject({
    op: z.literal('lose-nodes'),
    share: z.number().min(0).max(1),
    withinMs: z.int().min(0),
    restoredShare: z.number().min(0).max(1).optional(),
    restoredAfterMs: z.tuple([z.int().min(0), z.int().min(0)]).optional(),
  }),
  /** The Systems Manager agent falls silent while the host runs on; PingStatus follows up to five minutes later. */
  z.strictObject({ op: z.literal('lose-agent'), instanceId }),
  z.strictObject({ op: z.literal('restore-agent'), instanceId }),
  z.strictObject({ op: z.literal('add-account'), account: WrittenAccount }),
  z.strictObject({
    op: z.literal('set-account-state'),
    accountId,
    state: z.enum(['PENDING_ACTIVATION', 'ACTIVE', 'SUSPENDED', 'PENDING_CLOSURE', 'CLOSED']),
  }),
  z.strictObject({ op: z.literal('set-account-tags'), accountId, tags: AccountTags }),
  z.strictObject({ op: z.literal('move-account'), accountId, ouPath: z.string() }),
  z.strictObject({
    op: z.literal('set-role'),
    accountId,
    role: z.enum(['ok', 'missing', 'denied', 'wrong-external-id']),
  }),
  z.strictObject({ op: z.literal('deny-actions'), accountId, actions: z.array(z.string()) }),
  z.strictObject({ op: z.literal('deny-regions'), accountId, regions: z.array(z.string()) }),
  z.strictObject({
    op: z.literal('set-region'),
    accountId,
    region: z.string(),
    status: z.enum(['ENABLED_BY_DEFAULT', 'ENABLED', 'ENABLING', 'DISABLING', 'DISABLED']),
  }),
  /** Default Host Management Configuration of an account and region, as its administrator switches it. */
  z.strictObject({ op: z.literal('set-host-management'), accountId, region: z.string(), on: z.boolean() }),
  z.strictObject({ op: z.literal('add-fault'), fault: FaultRule }),
  z.strictObject({ op: z.literal('clear-faults') }),
  z.strictObject({ op: z.literal('set-limits'), limits: LimitOverrides }),
  /** An owner of the account sends commands of his own. In the comment: see `MemberCommand`. */
  z.strictObject({
    op: z.literal('member-commands'),
    instanceIds: z.array(instanceId).min(1).max(50),
    comment: z.string().max(100),
    times: z.int().min(1).max(10_000).optional(),
    runsForMs: z.int().min(0).optional(),
  }),
  z.strictObject({ op: z.literal('expire-sessions'), accountId: accountId.optional() }),
]);
export type WorldChange = z.infer<typeof WorldChange>;

/** One change or several, in order. */
export const WorldChanges = z.union([z.array(WorldChange), WorldChange]);
