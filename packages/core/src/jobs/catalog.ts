/** The one table of jobs: name, queue, payload, what tells two apart, what makes it due, result, time limit. */
import { z } from 'zod';
import { ActionId } from '../control/actions/action.ts';
import { AccountId, BatchId, InstanceId } from '../organization/ids.ts';
import { parseTargetId, Target, targetId } from '../organization/target.ts';
import { ReportId } from '../reports/report.ts';
import { JobError } from '../runtime/errors.ts';
import { type AnyJob, defineJob, type DueJob } from './define-job.ts';

const MINUTE_MS = 60_000;

/** The kinds of work that fall due. Each has one index in the ledger, and one job. */
export const DUE_KINDS = [
  'accounts',
  'regions',
  'scan',
  'install',
  'collect',
  'verify',
  'inventory',
  'labels',
  'cleanup',
  'actions',
  'notify',
] as const;
export type DueKind = (typeof DUE_KINDS)[number];

/** The only member of the indexes whose work is the organization's: `accounts`, `inventory`, `labels` and `cleanup`. */
export const ORGANIZATION_MEMBER = 'organization';

/** The member of the `collect` index for one batch. */
export function collectMember(target: Target, batchId: BatchId): string {
  return `${targetId(target)}/${batchId}`;
}

// What a job may be about: its payload, what tells two apart, and how its due index names it.

function ofOrganization(kind: DueKind) {
  const payload = z.object({});
  return {
    payload,
    partsOf: () => [],
    due: {
      kind,
      memberOf: () => ORGANIZATION_MEMBER,
      payloadOf: (member: string) => {
        z.literal(ORGANIZATION_MEMBER).parse(member);
        return {};
      },
    },
  };
}

function ofAccount(kind: DueKind) {
  const payload = z.object({ accountId: AccountId });
  return {
    payload,
    partsOf: ({ accountId }: z.infer<typeof payload>) => [accountId],
    due: {
      kind,
      memberOf: ({ accountId }: z.infer<typeof payload>) => accountId,
      payloadOf: (member: string) => payload.parse({ accountId: member }),
    },
  };
}

function ofTarget(kind: DueKind) {
  const payload = z.object({ target: Target });
  return {
    payload,
    partsOf: ({ target }: z.infer<typeof payload>) => [targetId(target)],
    due: {
      kind,
      memberOf: ({ target }: z.infer<typeof payload>) => targetId(target),
      payloadOf: (member: string) => ({ target: parseTargetId(member) }),
    },
  };
}

function ofBatch(kind: DueKind) {
  const payload = z.object({ target: Target, batchId: BatchId });
  return {
    payload,
    partsOf: ({ target, batchId }: z.infer<typeof payload>) => [targetId(target), batchId],
    due: {
      kind,
      memberOf: ({ target, batchId }: z.infer<typeof payload>) => collectMember(target, batchId),
      payloadOf: (member: string) => {
        const slash = member.indexOf('/');
        return {
          target: parseTargetId(member.slice(0, slash)),
          batchId: BatchId.parse(member.slice(slash + 1)),
        };
      },
    },
  };
}

function ofAction(kind: DueKind) {
  const payload = z.object({ actionId: ActionId });
  return {
    payload,
    partsOf: ({ actionId }: z.infer<typeof payload>) => [actionId],
    due: {
      kind,
      memberOf: ({ actionId }: z.infer<typeof payload>) => actionId,
      payloadOf: (member: string) => payload.parse({ actionId: member }),
    },
  };
}

/** The member of the `notify` index for one message. */
export function notifyMember(channel: string, messageId: string): string {
  return `${channel}/${messageId}`;
}

function ofMessage(kind: DueKind) {
  const word = z.string().regex(/^[a-z0-9-]{1,60}$/);
  const payload = z.object({ channel: word, messageId: word });
  return {
    payload,
    partsOf: ({ channel, messageId }: z.infer<typeof payload>) => [channel, messageId],
    due: {
      kind,
      memberOf: ({ channel, messageId }: z.infer<typeof payload>) => notifyMember(channel, messageId),
      payloadOf: (member: string) => {
        const [, channel, messageId] = /^([^/]+)\/([^/]+)$/.exec(member) ?? [];
        return payload.parse({ channel, messageId });
      },
    },
  };
}

const Answer = z.strictObject({ answer: z.string() });

function ofReport() {
  const payload = z.object({ reportId: ReportId });
  return {
    payload,
    partsOf: ({ reportId }: z.infer<typeof payload>) => [reportId],
    due: null,
    result: Answer,
  };
}

function ofReportAccount() {
  const payload = z.object({ reportId: ReportId, accountId: AccountId });
  return {
    payload,
    partsOf: ({ reportId, accountId }: z.infer<typeof payload>) => [reportId, accountId],
    due: null,
    result: Answer,
  };
}

/** Every kind of job. Schedulers handle those of the queue `notifications`, workers all others: a map that lacks one does not compile. */
export const catalog = {
  /** Lists the accounts of every organization and account that the matchers name, and starts a sweep when the last one has ended. */
  'list-accounts': defineJob({
    name: 'list-accounts',
    version: 1,
    queue: 'discovery',
    ...ofOrganization('accounts'),
    result: z.strictObject({ accounts: z.int(), removed: z.int(), error: z.string().nullable() }),
    timeoutMs: 30 * MINUTE_MS,
  }),
  /** Enters one account and finds the regions in scope: its targets. */
  'list-regions': defineJob({
    name: 'list-regions',
    version: 1,
    queue: 'discovery',
    ...ofAccount('regions'),
    result: z.strictObject({ regions: z.int(), denied: z.boolean() }),
    timeoutMs: MINUTE_MS,
  }),
  /** Reads one target for all matchers, judges what it finds and queues the candidates. */
  'scan-target': defineJob({
    name: 'scan-target',
    version: 1,
    queue: 'discovery',
    ...ofTarget('scan'),
    result: z.strictObject({ status: z.string(), seen: z.int(), queued: z.int(), changed: z.int() }),
    isRoutine: ({ status, queued, changed }) => status === 'complete' && queued === 0 && changed === 0,
    timeoutMs: 2 * MINUTE_MS,
  }),
  /** Sends the installer to the candidates of one target, up to 50 per command. Carries no list: the handler claims from the ledger. */
  'install-batch': defineJob({
    name: 'install-batch',
    version: 1,
    queue: 'enrollment',
    ...ofTarget('install'),
    goesOnInTrace: true,
    result: z.strictObject({ sent: z.int(), instances: z.int(), stopped: z.string() }),
    timeoutMs: 2 * MINUTE_MS,
  }),
  /** Looks once at a batch's command, or for it when the answer to its send was lost. */
  'collect-command': defineJob({
    name: 'collect-command',
    version: 1,
    queue: 'enrollment',
    ...ofBatch('collect'),
    result: z.strictObject({ ended: z.int(), open: z.int(), state: z.string() }),
    timeoutMs: MINUTE_MS,
  }),
  /** Asks SSM to cancel a batch's command, on one of its instances or on all (null). The command's end is collected as any other. */
  'cancel-command': defineJob({
    name: 'cancel-command',
    version: 1,
    queue: 'enrollment',
    payload: z.object({ target: Target, batchId: BatchId, instanceId: InstanceId.nullable() }),
    partsOf: ({ target, batchId, instanceId }) => [targetId(target), batchId, instanceId ?? 'all'],
    due: null,
    result: z.strictObject({ answer: z.enum(['requested', 'denied', 'failed', 'closed']) }),
    timeoutMs: MINUTE_MS,
  }),
  /** Looks in the inventory for the installed instances of one target, and gives up on those past their deadline. */
  'verify-joined': defineJob({
    name: 'verify-joined',
    version: 1,
    queue: 'enrollment',
    ...ofTarget('verify'),
    result: z.strictObject({ joined: z.int(), failed: z.int(), waiting: z.int() }),
    timeoutMs: MINUTE_MS,
  }),
  /** Streams Teleport's node inventory into the ledger as one snapshot. One at a time in the whole installation. */
  'read-inventory': defineJob({
    name: 'read-inventory',
    version: 1,
    queue: 'inventory',
    ...ofOrganization('inventory'),
    result: z.strictObject({ nodes: z.int(), published: z.boolean(), error: z.string().nullable() }),
    timeoutMs: 10 * MINUTE_MS,
  }),
  /** Gives waiting labels to Teleport, batch by batch at a bounded rate. One at a time in the whole installation. */
  'write-labels': defineJob({
    name: 'write-labels',
    version: 1,
    queue: 'inventory',
    ...ofOrganization('labels'),
    result: z.strictObject({ written: z.int(), error: z.string().nullable() }),
    timeoutMs: 5 * MINUTE_MS,
  }),
  /** Removes the nodes of instances that are gone from Teleport, at a bounded rate. One at a time in the whole installation. */
  'clean-nodes': defineJob({
    name: 'clean-nodes',
    version: 1,
    queue: 'inventory',
    ...ofOrganization('cleanup'),
    result: z.strictObject({ removed: z.int(), left: z.int(), stopped: z.string().nullable() }),
    isRoutine: ({ removed }) => removed === 0,
    timeoutMs: 5 * MINUTE_MS,
  }),
  /** Goes on with an operator's action: the steps that write records or ask for cancellations. */
  'run-action': defineJob({
    name: 'run-action',
    version: 1,
    queue: 'enrollment',
    ...ofAction('actions'),
    result: z.strictObject({ isOver: z.boolean() }),
    timeoutMs: 5 * MINUTE_MS,
  }),
  /** Checks the worker's clock, its credentials and what they may do in Organizations; then asks for a check of every account. */
  'check-organization': defineJob({
    name: 'check-organization',
    version: 1,
    queue: 'discovery',
    ...ofReport(),
    timeoutMs: 30 * MINUTE_MS,
  }),
  /** Checks the proxy, the installers that hosts would run, and the node inventory. */
  'check-teleport': defineJob({
    name: 'check-teleport',
    version: 1,
    queue: 'inventory',
    ...ofReport(),
    timeoutMs: 10 * MINUTE_MS,
  }),
  /** Enters one account as a sweep would and tries, harmlessly, everything that Muster needs there. */
  'check-account': defineJob({
    name: 'check-account',
    version: 1,
    queue: 'discovery',
    ...ofReportAccount(),
    timeoutMs: 10 * MINUTE_MS,
  }),
  /** Reads the inventory and lists the accounts in scope for a plan, which writes no record and sends nothing. */
  'plan-organization': defineJob({
    name: 'plan-organization',
    version: 1,
    queue: 'discovery',
    ...ofReport(),
    timeoutMs: 30 * MINUTE_MS,
  }),
  /** Enters one account for a plan and finds its targets. */
  'plan-account': defineJob({
    name: 'plan-account',
    version: 1,
    queue: 'discovery',
    ...ofReportAccount(),
    timeoutMs: 5 * MINUTE_MS,
  }),
  /** Reads one target for a plan and judges what it finds, as a scan would. */
  'plan-target': defineJob({
    name: 'plan-target',
    version: 1,
    queue: 'discovery',
    payload: z.object({ reportId: ReportId, target: Target }),
    partsOf: ({ reportId, target }) => [reportId, targetId(target)],
    due: null,
    result: Answer,
    timeoutMs: 5 * MINUTE_MS,
  }),
  /** Sends one message to a channel of `muster.notify`. Carries no secret and no text: both are read where it is sent. */
  'send-notification': defineJob({
    name: 'send-notification',
    version: 1,
    queue: 'notifications',
    ...ofMessage('notify'),
    result: z.strictObject({ said: z.string(), events: z.int() }),
    timeoutMs: MINUTE_MS,
  }),
} as const;

export type Catalog = typeof catalog;
export type JobName = keyof Catalog;
/** Jobs that a worker handles. */
export type WorkerJobName = Exclude<JobName, 'send-notification'>;

const dueJobs = new Map<string, DueJob>(
  Object.values<AnyJob>(catalog)
    .filter((job): job is DueJob => job.due !== null)
    .map((job) => [job.due.kind, job]),
);

/** The job that does a kind of due work. */
export function jobOfDue(kind: DueKind): DueJob {
  const job = dueJobs.get(kind);
  if (job === undefined) {
    throw new JobError('bug.unknown', `no job does what is due as ${kind}`, { retry: 'never' });
  }
  return job;
}
