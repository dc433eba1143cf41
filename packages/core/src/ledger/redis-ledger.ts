import type { Redis } from 'ioredis';
import type { MacKey } from '../domain/mac.ts';
import { USUAL_PACING, type PacingSettings } from '../domain/pacing.ts';
import type { Ledger } from '../ports/ledger.ts';
import type { Logger } from '../ports/logger.ts';
import { createKeys } from '../redis/keys.ts';
import { createClockLedger } from './clocks.ts';
import { createControlLedger } from './control.ts';
import { createCoverageLedger } from './coverage.ts';
import { createDueLedger } from './due.ts';
import { createEnrollmentLedger } from './enrollments.ts';
import { createPacingLedger } from './pacing.ts';
import { createLabelLedger } from './labels.ts';
import { createNodeLedger } from './nodes.ts';
import { createOwnerLedger } from './owner.ts';
import { createScanLedger } from './scans.ts';
import { defineScripts } from './scripts.ts';
import { createSetAsideLedger } from './set-aside.ts';
import { createStatisticsLedger } from './statistics.ts';
import { createUnansweredLedger } from './unanswered.ts';
import { createWaitLedger } from './waits.ts';

/** The ledger on Redis. The connection stays the caller's: it is not closed here. */
export function createRedisLedger(deps: {
  readonly redis: Redis;
  readonly prefix: string;
  readonly log: Logger;
  /** @default USUAL_PACING */
  readonly pacing?: PacingSettings;
  /** Keys that seal records, asked for at every write: a running process may take up others. @default none */
  readonly markerKeys?: () => readonly MacKey[];
}): Ledger {
  const keys = createKeys(deps.prefix);
  const run = defineScripts(deps.redis);
  const shared = { redis: deps.redis, keys, run };
  const enrollments = createEnrollmentLedger({
    ...shared,
    log: deps.log,
    markerKeys: deps.markerKeys ?? (() => []),
  });
  const control = createControlLedger({ ...shared, prefix: deps.prefix });
  return {
    enrollments,
    due: createDueLedger(shared),
    coverage: createCoverageLedger(shared),
    scans: createScanLedger(shared),
    control,
    unanswered: createUnansweredLedger(shared),
    waits: createWaitLedger({ ...shared, enrollments, control }),
    setAside: createSetAsideLedger(shared),
    owner: createOwnerLedger({ ...shared, prefix: deps.prefix }),
    clocks: createClockLedger(shared),
    nodes: createNodeLedger(shared),
    labels: createLabelLedger(shared),
    statistics: createStatisticsLedger(shared),
    pacing: createPacingLedger({
      keys,
      run,
      settings: deps.pacing ?? USUAL_PACING,
    }),
  };
}
