/** What lets hosts begin, and what keeps them: waves, ramps, freeze windows, caps, the brake, pauses, a held change. */
import { z } from 'zod';
import { ListQuery, pageOf, Freshness, Time } from './paging.ts';
import { ScopeText } from './scopes.ts';

export const Wave = z.object({
  name: z.string(),
  state: z.enum(['begun', 'waits']),
  /** `approval`, `date`, `wave`, …; null once it has begun. */
  waitsFor: z.string().nullable(),
  /** The same as a sentence. */
  why: z.string().nullable(),
  /** When it begins, where that hangs on a date alone. */
  until: Time.nullable(),
  hosts: z.number().int(),
  joined: z.number().int(),
  failed: z.number().int(),
  lost: z.number().int(),
  underWay: z.number().int(),
  waiting: z.number().int(),
});
export type Wave = z.infer<typeof Wave>;
export const WavesQuery = ListQuery;
export const WavesPage = pageOf(Wave);

/** A mass start that begins with a few hosts. */
export const Ramp = z.object({
  id: z.string(),
  kind: z.string().describe('`matcher`, `resume` or `retry`.'),
  subject: z
    .string()
    .describe(
      'Of a `matcher` its label, such as `aws[0]`; of a `resume` or a `retry` its scope, or which hosts, such as `8 hosts of a list`.',
    ),
  began: Time,
  /** When too many of its hosts failed; null while it goes on. */
  stopped: Time.nullable(),
  /** The first is 1. */
  step: z.number().int(),
  size: z.number().int(),
  sent: z.number().int(),
  joined: z.number().int(),
  failed: z.number().int(),
  next: z.number().int(),
  waitingTargets: z.number().int(),
  message: z.string().describe('What it is about and where it stands, as a phrase.'),
});
export type Ramp = z.infer<typeof Ramp>;

/** A freeze window of the configuration. */
export const Freeze = z.object({
  name: z.string(),
  /** Whether it holds now. */
  active: z.boolean(),
  /** When the present or next time begins and ends; null where none is to come. */
  from: Time.nullable(),
  until: Time.nullable(),
  /** `sends`, `repairs`, `clean-up`. */
  stops: z.array(z.string()),
  /** Where, as a phrase: `everywhere`, `accounts 1111…`. */
  where: z.string(),
});
export type Freeze = z.infer<typeof Freeze>;

/** How many hosts may be under way at once. */
export const Cap = z.object({
  /** `all`, `account`, `target`, `repair`. */
  cap: z.string(),
  limit: z.number().int(),
  /** Hosts that it counts now; null for a cap that there is one of per account or target. */
  used: z.number().int().nullable(),
});
export type Cap = z.infer<typeof Cap>;

export const PauseRow = z.object({
  scope: ScopeText,
  by: z.string(),
  since: Time,
  reason: z.string(),
});
export type PauseRow = z.infer<typeof PauseRow>;

/** What waits for an operator's approval. */
export const ApprovalRow = z.object({
  /** `wave:NAME`, `change:ID`, `cleanup:nodes`: the subject of an action of kind `approve`. */
  subject: z.string(),
  hosts: z.number().int(),
  accounts: z.number().int(),
  /** What begins with the approval. */
  detail: z.string(),
  since: Time,
});
export type ApprovalRow = z.infer<typeof ApprovalRow>;

/** A configuration that selects more than the accepted one, and waits. */
export const HeldChange = z.object({
  id: z.string(),
  since: Time,
  /** Hosts and accounts that it adds, as counted so far. */
  hosts: z.number().int(),
  accounts: z.number().int(),
  /** Whether every target has been counted. */
  counted: z.boolean(),
  /** The accounts that it adds most hosts in. */
  byAccount: z.array(z.object({ accountId: z.string(), name: z.string(), hosts: z.number().int() })),
});
export type HeldChange = z.infer<typeof HeldChange>;

/** Why candidates whose time has come are not sent to. */
export const WaitRow = z.object({
  reason: z.string(),
  subject: z.string().nullable(),
  targets: z.number().int(),
  instances: z.number().int(),
  since: Time,
  until: Time.nullable(),
  message: z.string(),
});
export type WaitRow = z.infer<typeof WaitRow>;

export const Rollout = z.object({
  ...Freshness.shape,
  waves: z.array(Wave),
  ramps: z.array(Ramp),
  freezes: z.array(Freeze),
  caps: z.array(Cap),
  brake: z.object({
    window: z.number().int(),
    minOutcomes: z.number().int(),
    /** 0..1. */
    maxFailureShare: z.number(),
    /** Scopes that it stopped. */
    engaged: z.array(z.object({ scope: ScopeText, since: Time, reason: z.string() })),
  }),
  pauses: z.array(PauseRow),
  approvals: z.array(ApprovalRow),
  held: HeldChange.nullable(),
  /** Those of the most instances first. */
  waits: z.array(WaitRow),
});
export type Rollout = z.infer<typeof Rollout>;
