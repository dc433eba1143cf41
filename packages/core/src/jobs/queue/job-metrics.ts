import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { AnyJob, QueueName } from '../define-job.ts';

/** How one run of a job ended. `postponed` by `retry: { afterMs }`, `lost` to another worker, `returned` at a shutdown. */
export type RunEnd = 'done' | 'postponed' | 'failed' | 'lost' | 'returned';

/** What the queue counts. Labels are the names of our queues and jobs only. */
export interface JobMetrics {
  started(queue: QueueName, job: string, waitedMs: number | null): void;
  ended(queue: QueueName, job: string, end: RunEnd, durationMs: number): void;
  /** A job was taken back from a worker that died or froze. */
  stalled(queue: QueueName): void;
}

const DURATIONS_SECONDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];
const WAITS_SECONDS = [0.01, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3_600];

/** Metrics of a worker's jobs in `registry`. A job that no contract in `jobs` names is counted as `other`. */
export function createJobMetrics(registry: Registry, jobs: Readonly<Record<string, AnyJob>>): JobMetrics {
  const registers = [registry];
  const names = new Set(Object.values(jobs).map((job) => job.name));
  const label = (job: string): string => (names.has(job) ? job : 'other');
  /** By queue and job. Counted here and told when asked: a gauge that is moved for every job costs as much as all else here. */
  const running = new Map<string, { readonly labels: { queue: QueueName; job: string }; count: number }>();
  const runningOf = (queue: QueueName, job: string): { count: number } => {
    const key = `${queue} ${job}`;
    const known = running.get(key);
    if (known !== undefined) return known;
    const added = { labels: { queue, job }, count: 0 };
    running.set(key, added);
    return added;
  };
  const gauge = new Gauge({
    name: 'muster_jobs_running',
    help: 'Jobs that this process runs now',
    labelNames: ['queue', 'job'],
    registers: [],
    collect() {
      for (const { labels, count } of running.values()) this.set(labels, count);
    },
  });
  registry.registerMetric(gauge);
  const duration = new Histogram({
    name: 'muster_job_duration_seconds',
    help: 'Duration of one run of a job, by how it ended',
    labelNames: ['queue', 'job', 'end'],
    buckets: DURATIONS_SECONDS,
    registers,
  });
  const wait = new Histogram({
    name: 'muster_job_wait_seconds',
    help: 'From when a job could first run until it did',
    labelNames: ['queue', 'job'],
    buckets: WAITS_SECONDS,
    registers,
  });
  const stalled = new Counter({
    name: 'muster_jobs_stalled_total',
    help: 'Jobs taken back from workers that died or froze',
    labelNames: ['queue'],
    registers,
  });
  // From the start: a counter that begins with its first count does not show that one as an increase.
  for (const queue of new Set(Object.values(jobs).map((job) => job.queue))) stalled.inc({ queue }, 0);
  return {
    started: (queue, job, waitedMs) => {
      runningOf(queue, label(job)).count += 1;
      if (waitedMs !== null) wait.observe({ queue, job: label(job) }, Math.max(0, waitedMs) / 1_000);
    },
    ended: (queue, job, end, durationMs) => {
      runningOf(queue, label(job)).count -= 1;
      duration.observe({ queue, job: label(job), end }, durationMs / 1_000);
    },
    stalled: (queue) => {
      stalled.inc({ queue });
    },
  };
}
