import type { MusterConfig } from '@muster/core/config/model';
import type { Ledger } from '@muster/core/control/ledger';
import { reviewChange } from '@muster/core/control/review-change';
import type { JobQueue } from '@muster/core/jobs/queue/enqueue';
import { moveRamps } from '@muster/core/rollout/ramp/run-ramps';
import type { Clock } from '@muster/core/runtime/clock-port';
import type { Logger } from '@muster/core/runtime/logger-port';
import { processName } from '@muster/core/runtime/start-steps';
import { createAuditExport } from './audit/export-audit.ts';
import { reportBlockedCaps, reportSetAside } from './recurring-findings.ts';
import { tick } from './tick.ts';
import { reportCertificate } from './watch-certificate.ts';
import { createWaveWatch } from './watch-waves.ts';

const REPORT_MS = 30_000;

/** A tick, and now and then a look at what only the ledger as a whole shows. */
export function createTickHandler(deps: {
  readonly current: () => MusterConfig;
  readonly ledger: Ledger;
  readonly queue: JobQueue;
  readonly clock: Clock;
  readonly log: Logger;
}): () => Promise<Record<string, number>> {
  const { ledger, queue, clock, log } = deps;
  let reportedAtMs = 0;
  const watchWaves = createWaveWatch({ ledger, clock });
  const exportAudit = createAuditExport({ ledger, clock, log, holder: processName() });
  return async () => {
    // First: a sweep that this tick starts reads by the waves that are in force.
    await watchWaves(deps.current().rollout.waves);
    const given = await tick({
      config: deps.current(),
      ledger,
      clock,
      log,
      enqueue: queue.enqueueMany,
      waiting: async (name) => (await queue.counts())[name].waiting,
    });
    await reviewChange(ledger, deps.current(), clock);
    // The worker moves a ramp on when a host ends; this, when a kill or a lost job kept it from that.
    await moveRamps({ ledger, config: deps.current(), nowMs: clock.now() });
    await exportAudit(deps.current().audit);
    if (clock.now() - reportedAtMs >= REPORT_MS) {
      reportedAtMs = clock.now();
      await reportSetAside(ledger, clock.now());
      await reportBlockedCaps(ledger, deps.current(), clock.now());
      await reportCertificate(ledger, deps.current(), processName(), clock.now());
    }
    return given;
  };
}
