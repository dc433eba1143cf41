import { CAUSES, ForeignWord } from '@muster/core/enrollment/cause';
import { COVERAGE_STATUSES } from '@muster/core/organization/coverage';
import { DUE_KINDS, jobOfDue } from '@muster/core/jobs/catalog';
import { QUEUE_NAMES, type QueueName } from '@muster/core/jobs/define-job';
import { ENROLLMENT_STATES } from '@muster/core/enrollment/record';
import type { QueueCounts } from '@muster/core/jobs/queue/enqueue';
import { createGauge, type createMetrics } from '@muster/core/runtime/metrics';
import type { CachedRead } from './cached-read.ts';
import type { Snapshot } from './snapshot.ts';
import type { Ledger } from '@muster/core/control/ledger';
import { registerWatchMetrics, type WatchMetricsDeps } from './watch-metrics.ts';

export type Registry = ReturnType<typeof createMetrics>;

const JOB_STATES = [
  'waiting',
  'delayed',
  'active',
  'completed',
  'failed',
] as const satisfies readonly (keyof QueueCounts)[];
const VERDICTS = ['running', 'complete', 'partial', 'failed'] as const;

export interface LedgerMetricsDeps extends Omit<WatchMetricsDeps, 'readSnapshot'> {
  readonly readSnapshot: () => Promise<CachedRead<Snapshot>>;
  readonly ledger: Pick<Ledger, 'due'>;
  readonly countQueues: () => Promise<Readonly<Record<QueueName, QueueCounts>>>;
  /** As `waitingSinceMs` of the queue has it. */
  readonly queuesWaitSinceMs: () => Promise<Readonly<Record<QueueName, number | null>>>;
}

/**
 * Adds what the ledger knows to the registry; all of it is read at the scrape. Every scheduler replica tells the same, so
 * take the maximum over them, not the sum. While Redis is away the figures are absent, never zero, and
 * `muster_ledger_up` is 0. No label names an account, a region or an instance: their number is not ours to bound.
 */
export function registerLedgerMetrics(deps: LedgerMetricsDeps): void {
  const fresh = async (): Promise<Snapshot> => {
    const { value, error } = await deps.readSnapshot();
    if (value === null || error !== null) throw new Error(error ?? 'nothing was read yet');
    return value;
  };
  registerSweep(deps.registry, deps.readSnapshot, fresh);
  registerInstances(deps.registry, fresh);
  registerWork(deps);
  registerWatchMetrics({ ...deps, readSnapshot: fresh });
}

function registerSweep(
  registry: Registry,
  readSnapshot: LedgerMetricsDeps['readSnapshot'],
  fresh: () => Promise<Snapshot>,
): void {
  createGauge(
    registry,
    { name: 'muster_ledger_up', help: '1 while the ledger in Redis can be read.', labels: {} },
    async () => [{ labels: {}, value: (await readSnapshot()).error === null ? 1 : 0 }],
  );
  createGauge(
    registry,
    { name: 'muster_sweep', help: '1 for the verdict of the current sweep.', labels: { verdict: VERDICTS } },
    async () => {
      const { sweep } = (await fresh()).status;
      const current = sweep.verdict ?? 'running';
      return VERDICTS.map((verdict) => ({ labels: { verdict }, value: verdict === current ? 1 : 0 }));
    },
  );
  createGauge(
    registry,
    {
      name: 'muster_targets',
      help: 'Targets (account and region) by how they were read in the current sweep.',
      labels: { status: COVERAGE_STATUSES },
    },
    async () => {
      const { targets } = (await fresh()).status.sweep;
      return COVERAGE_STATUSES.map((status) => ({ labels: { status }, value: targets[status] }));
    },
  );
}

/** Words of newer releases that a label shows as they are; a client of Redis could write any number of them. */
const FOREIGN_SHOWN = 10;

/** Counts by word: a word that `shown` does not hold is added to it while there are fewer than `most`, else counted as `other`. */
function sumByWord(
  counts: Readonly<Record<string, number>>,
  shown: string[],
  most: number,
): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const [word, count] of Object.entries(counts)) {
    if (!shown.includes(word) && shown.length < most && ForeignWord.safeParse(word).success) shown.push(word);
    const label = shown.includes(word) ? word : 'other';
    sums.set(label, (sums.get(label) ?? 0) + count);
  }
  return sums;
}

function registerInstances(registry: Registry, fresh: () => Promise<Snapshot>): void {
  const states: string[] = [...ENROLLMENT_STATES];
  const causes: string[] = Object.keys(CAUSES);
  createGauge(
    registry,
    {
      name: 'muster_instances',
      help: 'Instances by enrollment state.',
      labels: { state: states },
    },
    async () => {
      const { byState } = (await fresh()).status.instances;
      const known = Object.fromEntries(ENROLLMENT_STATES.map((state) => [state, 0]));
      return [...sumByWord({ ...known, ...byState }, states, ENROLLMENT_STATES.length + FOREIGN_SHOWN)].map(
        ([state, value]) => ({
          labels: { state },
          value,
        }),
      );
    },
  );
  createGauge(
    registry,
    {
      name: 'muster_instance_causes',
      help: 'Instances that are ineligible, lost or failed, by cause.',
      labels: { cause: causes },
    },
    async () => {
      const { byCause } = (await fresh()).status.instances;
      return [...sumByWord(byCause, causes, Object.keys(CAUSES).length + FOREIGN_SHOWN)].map(
        ([cause, value]) => ({ labels: { cause }, value }),
      );
    },
  );
  createGauge(
    registry,
    { name: 'muster_commands', help: 'Commands that may be live in SSM.', labels: { state: ['live'] } },
    async () => [{ labels: { state: 'live' }, value: (await fresh()).status.commands.live }],
  );
  createGauge(
    registry,
    {
      name: 'muster_attention',
      help: 'Findings and pauses that wait for an operator.',
      labels: { kind: ['finding', 'pause'] },
    },
    async () => {
      const { findings, pauses } = await fresh();
      return [
        { labels: { kind: 'finding' }, value: findings.length },
        { labels: { kind: 'pause' }, value: pauses.length },
      ];
    },
  );
}

function registerWork({ registry, ledger, countQueues, queuesWaitSinceMs, clock }: LedgerMetricsDeps): void {
  createGauge(
    registry,
    { name: 'muster_due_members', help: 'Pieces of work with a time, by kind.', labels: { kind: DUE_KINDS } },
    () =>
      Promise.all(
        DUE_KINDS.map(async (kind) => ({
          labels: { kind },
          value: (await ledger.due.count(kind)).all,
        })),
      ),
  );
  createGauge(
    registry,
    {
      name: 'muster_due_lag_seconds',
      help: 'How long the oldest overdue piece of work has waited for a tick, or its queue for a worker.',
      labels: { kind: DUE_KINDS },
    },
    async () => {
      const since = await queuesWaitSinceMs();
      return Promise.all(
        DUE_KINDS.map(async (kind) => {
          const { overdueMs } = await ledger.due.count(kind);
          // A tick leases what is due within a second, however few workers there are: that they are too few shows in the queue.
          const inQueueMs = clock.now() - (since[jobOfDue(kind).queue] ?? Infinity);
          return { labels: { kind }, value: Math.floor(Math.max(0, overdueMs, inQueueMs) / 1_000) };
        }),
      );
    },
  );
  createGauge(
    registry,
    {
      name: 'muster_queue_jobs',
      help: 'Jobs by queue and state; of the completed and failed ones, those still kept.',
      labels: { queue: QUEUE_NAMES, state: JOB_STATES },
    },
    async () => {
      const counts = await countQueues();
      return QUEUE_NAMES.flatMap((queue) =>
        JOB_STATES.map((state) => ({ labels: { queue, state }, value: counts[queue][state] })),
      );
    },
  );
}
