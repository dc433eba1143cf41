import { ulid } from 'ulid';
import type { MusterConfig } from '@muster/core/config/model';
import { catalog } from '@muster/core/jobs/catalog';
import type { AnyJob } from '@muster/core/jobs/define-job';
import { createJobQueue } from '@muster/core/jobs/queue/enqueue';
import { AccountId } from '@muster/core/organization/ids';
import { parseTargetId } from '@muster/core/organization/target';
import { closeRedis, createRedis } from '@muster/core/redis/connection';
import { createKeys } from '@muster/core/redis/keys';
import { ReportId, type ReportLedger } from '@muster/core/reports/report';
import { createReportLedger } from '@muster/core/reports/report-store';
import { createClock } from '@muster/core/runtime/clock';
import type { Logger } from '@muster/core/runtime/logger-port';
import { CommandError, EXIT } from './command-context.ts';
import { moveOnTerminal } from './guarded-output.ts';

/** Where a report's parts are answered: by workers, or in this process. */
export interface ReportSource {
  readonly ranBy: 'workers' | 'local';
  readonly reports: ReportLedger;
  /** Asks for one part. */
  ask(reportId: ReportId, purpose: ReportPurpose, parts: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export type ReportPurpose = 'check' | 'plan';

interface ReportProgress {
  readonly expected: number;
  readonly answered: number;
}

export interface Gathered {
  /** The last answer of each part. */
  readonly results: ReadonlyMap<string, unknown>;
  /** Parts that no worker answered in time. */
  readonly unanswered: readonly string[];
  /** False when no worker began a part. */
  readonly begun: boolean;
}

const LOOK_MS = 150;
/** When nothing has moved for this long, what is pending is asked for again: a worker may have died with it. */
const ASK_AGAIN_MS = 30_000;

/** Asks for the first parts and collects every answer, until nothing is pending or the time is over. */
export async function gatherReport(
  source: ReportSource,
  options: {
    readonly purpose: ReportPurpose;
    readonly parts: readonly string[];
    readonly timeoutMs: number;
    /** When no worker has begun a part by then, none will. */
    readonly pickupMs: number;
    readonly onProgress: (progress: ReportProgress) => void;
  },
): Promise<Gathered> {
  const { reports } = source;
  const clock = createClock();
  const reportId = ReportId.parse(ulid(clock.now()));
  const results = new Map<string, unknown>();
  const startedAtMs = clock.now();
  let read = 0;
  let movedAtMs = startedAtMs;
  let lastState = '';
  await reports.open(reportId, options.parts);
  try {
    await source.ask(reportId, options.purpose, options.parts);
    for (;;) {
      // In this order: what is pending now is not among the results read after it.
      const { expected, begun, pending } = await reports.progress(reportId);
      const answers = await reports.results(reportId, read);
      read += answers.length;
      for (const { part, result } of answers) results.set(part, result);
      const now = clock.now();
      const state = `${expected}/${begun}/${pending}/${read}`;
      if (state !== lastState) {
        lastState = state;
        movedAtMs = now;
        options.onProgress({ expected, answered: expected - pending });
      }
      if (pending === 0 && answers.length === 0) return { results, unanswered: [], begun: true };
      const isSilent = begun === 0 && now - startedAtMs > options.pickupMs;
      if (isSilent || now - startedAtMs > options.timeoutMs) {
        return { results, unanswered: await reports.pending(reportId), begun: begun > 0 };
      }
      if (now - movedAtMs > ASK_AGAIN_MS) {
        movedAtMs = now;
        await source.ask(reportId, options.purpose, await reports.pending(reportId));
      }
      if (answers.length === 0) await clock.sleep(LOOK_MS);
    }
  } finally {
    await reports.close(reportId);
  }
}

/** Workers answer, through Redis. */
export function askWorkers(config: MusterConfig, log: Logger): ReportSource {
  const { prefix } = config.redis;
  const redis = createRedis({ ...config.redis, profile: 'patient', name: 'muster-cli', log });
  const producer = createRedis({ ...config.redis, profile: 'fail-fast', name: 'muster-cli', log });
  const queue = createJobQueue({ connection: producer, prefix });
  return {
    ranBy: 'workers',
    reports: createReportLedger({ redis, keys: createKeys(prefix) }),
    ask: async (reportId, purpose, parts) => {
      for (const [job, payloads] of jobsOf(reportId, purpose, parts)) await queue.enqueueMany(job, payloads);
    },
    close: async () => {
      await queue.close();
      await Promise.all([closeRedis(redis), closeRedis(producer)]);
    },
  };
}

/** This process answers, with this shell's credentials; no Redis is needed. */
export async function askHere(config: MusterConfig, log: Logger): Promise<ReportSource> {
  const { answerLocally } = await import('@muster/worker/answer-locally');
  const local = answerLocally({ config, clock: createClock(), log });
  return {
    ranBy: 'local',
    reports: local.reports,
    ask: async (reportId, purpose, parts) => {
      for (const [job, payloads] of jobsOf(reportId, purpose, parts)) await local.enqueue(job, payloads);
    },
    close: () => local.close(),
  };
}

/** The jobs that answer some parts. */
function jobsOf(
  reportId: ReportId,
  purpose: ReportPurpose,
  parts: readonly string[],
): ReadonlyMap<AnyJob, readonly object[]> {
  const jobs = new Map<AnyJob, object[]>();
  for (const part of parts) {
    const colon = part.indexOf(':');
    const kind = colon < 0 ? part : part.slice(0, colon);
    const job = Object.values<AnyJob>(catalog).find(({ name }) => name === `${purpose}-${kind}`);
    if (job === undefined) throw new Error(`no job answers ${part}`);
    const about = part.slice(colon + 1);
    const more =
      kind === 'account'
        ? { accountId: AccountId.parse(about) }
        : kind === 'target'
          ? { target: parseTargetId(about) }
          : {};
    const payloads = jobs.get(job) ?? [];
    payloads.push({ reportId, ...more });
    jobs.set(job, payloads);
  }
  return jobs;
}

const LINE_EVERY_MS = 10_000;

/** Progress on stderr: one line that moves on a terminal, a line now and then anywhere else. */
export function showProgress(
  what: string,
  stream: NodeJS.WriteStream = process.stderr,
): { readonly update: (progress: ReportProgress) => void; readonly end: () => void } {
  let lastAtMs = Date.now();
  let written = false;
  return {
    update: ({ expected, answered }) => {
      const text = `${what}: ${answered} of ${expected} parts answered`;
      if (stream.isTTY) {
        moveOnTerminal(stream, 'erase-line');
        stream.write(text);
        written = true;
        return;
      }
      if (Date.now() - lastAtMs < LINE_EVERY_MS) return;
      lastAtMs = Date.now();
      stream.write(`${text}\n`);
    },
    end: () => {
      if (written) moveOnTerminal(stream, 'erase-line');
    },
  };
}

/** For commands that wait for workers. */
export const TIMEOUT_OPTION = [
  '--timeout <minutes>',
  'give up after this; what is missing is listed',
  '30',
] as const;

/** Minutes to milliseconds; exit code 64 for what is no number of them. */
export function parseTimeout(text: string): number {
  const minutes = Number(text);
  if (text.trim() !== '' && minutes > 0 && minutes <= 24 * 60) return minutes * 60_000;
  throw new CommandError(EXIT.usage, `--timeout ${text}: give minutes, up to a day`);
}
