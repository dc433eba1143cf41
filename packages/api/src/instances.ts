/** Instances: the list, and the whole story of one. */
import { z } from 'zod';
import { ListQuery, pageOf, Time, Words } from './paging.ts';
import { AccountId, InstanceId, Owner } from './scopes.ts';

const NextAttemptAt = Time.nullable().describe(
  'Not tried before; never a time that has come: then, as where nothing is to be tried, it is null, and `waitsFor` says what else it waits for. Sorted by it, those whose time has come are first and those without any are last.',
);

/** An instance as the read model has it: what an export tells of each. */
export const InstanceSummary = z.object({
  instanceId: InstanceId,
  /** Its `Name` tag; empty without. Untrusted, like all tags. */
  name: z.string(),
  accountId: AccountId,
  accountName: z.string(),
  region: z.string(),
  state: z.string(),
  /** Since when it is in this state. */
  since: Time,
  cause: z.string().nullable(),
  /** The cause in words; null without. */
  causeTitle: z.string().nullable(),
  owner: Owner.nullable(),
  attempts: z.number().int(),
  nextAttemptAt: NextAttemptAt,
  joinedAt: Time.nullable(),
  lastExitCode: z.number().nullable(),
  platform: z.string().nullable(),
  wave: z.string().nullable(),
  matcher: z.string(),
  /** Those that the ledger keeps. */
  tags: z.record(z.string(), z.string()),
});
export type InstanceSummary = z.infer<typeof InstanceSummary>;

/** A row of a page: with what its record in the ledger says now. While the ledger cannot be read these are null, and the page is stale. */
export const InstanceRow = InstanceSummary.extend({
  waitsFor: z
    .string()
    .nullable()
    .describe(
      'Why a queued, lost or failed one is not tried now: `back-off`, `repair`, `turn`, or the reason for which its target’s sends wait.',
    ),
  commandId: z.string().nullable().describe('The live command, else the newest one.'),
  nodeId: z.string().nullable().describe('Teleport’s host id of a joined one.'),
});
export type InstanceRow = z.infer<typeof InstanceRow>;

/** Each is looked for in the texts of all hosts, and the next question waits meanwhile. */
const MOST_SEARCHED = 10;

/** What a list of instances, an export, or a bulk action may select by. All filters must hold; of one filter's words any. */
export const InstanceFilter = z.object({
  q: z
    .string()
    .max(200)
    .refine((text) => text.trim().split(/\s+/).length <= MOST_SEARCHED, `At most ${MOST_SEARCHED} words`)
    .optional()
    .describe('Part of an id, a name, a tag, or of an account’s id or name.'),
  state: Words.optional(),
  cause: Words.optional(),
  account: Words.optional(),
  region: Words.optional(),
  unit: z.string().max(100).optional(),
  wave: Words.optional(),
  matcher: Words.optional(),
  owner: Words.optional(),
  platform: Words.optional(),
  tag: Words.refine(({ length }) => length <= MOST_SEARCHED, `At most ${MOST_SEARCHED} tags`)
    .optional()
    .describe('`KEY=VALUE`, or `KEY` alone.'),
});
export type InstanceFilter = z.infer<typeof InstanceFilter>;

export const InstancesQuery = ListQuery.extend(InstanceFilter.shape);
export type InstancesQuery = z.infer<typeof InstancesQuery>;
export const InstancesPage = pageOf(InstanceRow).extend({
  /** How many rows the same filters would give per word of each filter that was left out or is being chosen. */
  facets: z.object({
    state: z.record(z.string(), z.number()),
    cause: z.record(z.string(), z.number()),
    region: z.record(z.string(), z.number()),
  }),
});

export const Attempt = z.object({
  endedAt: Time,
  /** In the Comment of its command, and in every log line about it; null where an older release answers. */
  batchId: z.string().nullable().default(null),
  commandId: z.string().nullable(),
  /** To the invocation in the AWS console. */
  link: z.string().nullable(),
  cause: z.string().nullable(),
  exitCode: z.number().nullable(),
  /** The tail of what the host printed, without control sequences. Untrusted. */
  output: z.string(),
});

/** A change of its state, as far back as it is remembered. */
export const Transition = z.object({
  at: Time,
  from: z.string().nullable(),
  to: z.string().nullable(),
  cause: z.string().nullable(),
});
export type Transition = z.infer<typeof Transition>;

/** All that is known of one instance: what `muster explain --json` says, with links and its timeline. */
export const InstanceStory = z.object({
  instanceId: InstanceId,
  name: z.string(),
  accountId: AccountId,
  accountName: z.string(),
  region: z.string(),
  state: z.string(),
  since: Time.nullable(),
  cause: z.string().nullable(),
  causeTitle: z.string().nullable(),
  owner: Owner.nullable(),
  remedy: z.string().nullable(),
  nextAttemptAt: NextAttemptAt,
  /** Why nothing is done now, as a sentence; null when it waits for nothing. */
  waitsFor: z.string().nullable(),
  pausedBy: z.string().nullable(),
  matcher: z.string().nullable(),
  wave: z.string().nullable(),
  platform: z.string().nullable(),
  tags: z.record(z.string(), z.string()),
  firstSeenAt: Time.nullable(),
  launchedAt: Time.nullable(),
  joinedAt: Time.nullable(),
  /** Whether Default Host Management Configuration is on in its target; null where that makes no difference to it. */
  hostManagement: z.enum(['on', 'off', 'unknown']).nullable(),
  missingNode: z.object({ since: Time, lastSeen: Time.nullable() }).nullable(),
  target: z.object({
    status: z.string().nullable(),
    lastRead: Time.nullable(),
    lastComplete: Time.nullable(),
  }),
  attempts: z.array(Attempt),
  /** The sweep that queued it; null for one that is not on its way to joined, and where an older release answers. */
  sweepId: z.string().nullable().default(null),
  attemptCount: z.number().int(),
  outputAlike: z
    .object({ template: z.string(), hosts: z.number().int(), accounts: z.number().int() })
    .nullable(),
  timeline: z.array(Transition),
  /** Null when the timeline is whole; else since when changes are remembered. */
  timelineSince: Time.nullable(),
  links: z.object({ ec2: z.string(), command: z.string().nullable(), teleport: z.string().nullable() }),
});
export type InstanceStory = z.infer<typeof InstanceStory>;
