import type { MusterConfig } from '@muster/core/config/model';
import { secretsOf } from '@muster/core/config/secrets';
import { isJobError } from '@muster/core/runtime/errors';
import { catalog } from '@muster/core/jobs/catalog';
import type { JobContext, JobContract } from '@muster/core/jobs/define-job';
import { createMemoryReports } from '@muster/core/reports/report-store';
import type { LedgerClock } from '@muster/core/runtime/clock-port';
import type { Logger } from '@muster/core/runtime/logger-port';
import type { ReportLedger } from '@muster/core/reports/report';
import { createRedactor } from '@muster/core/runtime/redaction';
import { createTeleportAdapter } from '@muster/core/teleport/adapter';
import type { EnqueueJobs } from './deps.ts';
import { createLocalReaders } from './local-readers.ts';
import { handleCheckAccount } from './reports/check-account.ts';
import { handleCheckOrganization } from './reports/check-organization.ts';
import { handleCheckTeleport } from './reports/check-teleport.ts';
import { handlePlanAccount } from './reports/plan-account.ts';
import { handlePlanOrganization } from './reports/plan-organization.ts';
import { handlePlanTarget } from './reports/plan-target.ts';
import type { Answered, ReportDeps } from './reports/report-part.ts';

/** The jobs of reports, as a worker would answer them, in this process, with this shell's credentials and without Redis. */
export interface LocalAnswers {
  readonly reports: ReportLedger;
  readonly enqueue: EnqueueJobs;
  /** Drops what waits, ends what runs. */
  close(): Promise<void>;
}

type Answer = (payload: unknown, ctx: JobContext, deps: ReportDeps) => Promise<Answered>;

/** A handler of a report's job, by the job's name, for payloads of which the types say nothing any more. */
function answering<Payload>(
  job: JobContract<string, Payload, Answered>,
  handle: (payload: Payload, ctx: JobContext, deps: ReportDeps) => Promise<Answered>,
): [string, Answer] {
  return [job.name, (payload, ctx, deps) => handle(job.payload.parse(payload), ctx, deps)];
}

const ANSWERS: ReadonlyMap<string, Answer> = new Map([
  answering(catalog['check-organization'], handleCheckOrganization),
  answering(catalog['check-teleport'], handleCheckTeleport),
  answering(catalog['check-account'], handleCheckAccount),
  answering(catalog['plan-organization'], handlePlanOrganization),
  answering(catalog['plan-account'], handlePlanAccount),
  answering(catalog['plan-target'], handlePlanTarget),
]);

interface Waiting {
  readonly name: string;
  readonly payload: unknown;
}

export function answerLocally(options: {
  readonly config: MusterConfig;
  readonly clock: LedgerClock;
  readonly log: Logger;
}): LocalAnswers {
  const { config, clock, log } = options;
  const { aws, readers } = createLocalReaders({ config, clock, log });
  const waiting: Waiting[] = [];
  const running = new Set<Promise<void>>();
  const closing = new AbortController();
  const reports = createMemoryReports();
  const deps: ReportDeps = {
    ...readers,
    hostManagement: aws,
    commands: aws,
    preflight: aws,
    teleport: createTeleportAdapter({ proxyServer: config.proxyServer, inventory: config.inventory }),
    reports,
    redact: createRedactor(secretsOf(config)),
    // A plan from scratch: nothing is recorded of any instance.
    ledger: { enrollments: { readAll: () => Promise.resolve(new Map()) } },
    enqueue: ({ name }, payloads) => {
      for (const payload of payloads) waiting.push({ name, payload });
      fill();
      return Promise.resolve();
    },
  };

  function fill(): void {
    while (running.size < config.worker.discoveryConcurrency && !closing.signal.aborted) {
      const job = waiting.shift();
      if (job === undefined) return;
      const run = answer(job).finally(() => {
        running.delete(run);
        fill();
      });
      running.add(run);
    }
  }

  /** Never rejects. A postponed job waits here: there is no queue to give it back to. */
  async function answer({ name, payload }: Waiting): Promise<void> {
    const ctx = { signal: closing.signal, log, note: () => undefined, clock, attempt: 1, jobId: name };
    for (;;) {
      try {
        await ANSWERS.get(name)?.(payload, ctx, deps);
        return;
      } catch (error) {
        if (closing.signal.aborted) return;
        if (!isJobError(error) || typeof error.retry !== 'object') {
          log.error({ err: error, job: name }, 'part of a report not answered');
          return;
        }
        await clock.sleep(error.retry.afterMs, closing.signal).catch(() => undefined);
      }
    }
  }

  return {
    reports,
    enqueue: deps.enqueue,
    close: async () => {
      waiting.length = 0;
      closing.abort(new Error('the command that asked has ended'));
      await Promise.all(running);
      aws.close();
    },
  };
}
