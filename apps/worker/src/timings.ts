import type { MusterConfig } from '@muster/core/config/model';

/**
 * Waits that are Muster's own and not worth a configuration key, in ms. They shrink with the simulated speed, except
 * for what guards against a dead process: that is real time.
 */
export interface WorkerTimings {
  /**
   * How long after the death of a process the tick hands out what it was at work on; work that goes on renews its lease. Real
   * time.
   */
  readonly leaseMs: number;
  /** From handing a job to the queue until the member is handed out again. Real time. */
  readonly jobTakenMs: number;
  /** After a throttle or an answer that did not come. */
  readonly retryMs: number;
  /**
   * Between the looks of two targets that wait for the same cap, wave or inventory. Twenty looks a second find thousands of free
   * places a minute, and cost a worker some hundredths of its time, however many targets wait.
   */
  readonly turnApartMs: number;
  /** How long nothing but throttles and missing answers may come from a target before a sweep ends without it. */
  readonly passingMs: number;
  /** Between two looks at a target that is paused, held or waits for the inventory. */
  readonly heldMs: number;
  /** Between two attempts to enter an account, or read a region, that was denied. */
  readonly deniedMs: number;
  /** What a freeze window holds is looked at after this at the latest: another worker may have had another configuration when it looked. */
  readonly frozenMs: number;
  /** How long an account's list of regions is believed. */
  readonly regionsMs: number;
  /** How long an account's own tags are believed at most; half of it at least. */
  readonly accountTagsMs: number;
  /** How long what a listing said of an account is believed, where it is sealed: longer than a listing may fail. */
  readonly accountFactsMs: number;
  /** How long the records of a target at rest are not looked at, while its instances stay as they are. */
  readonly restMs: number;
  /** How long an answer about Default Host Management Configuration is believed. */
  readonly hostManagementMs: number;
  /** How long a record of a vanished instance is kept. */
  readonly goneMs: number;
  /** How far the clocks of two workers may be apart. */
  readonly clockSkewMs: number;
  /** A command that has shown no end by this much after ExpiresAfter has ended. AWS's time: not scaled. */
  readonly expiryMarginMs: number;
}

export function createTimings(config: MusterConfig): WorkerTimings {
  const scaled = (ms: number, atLeastMs: number): number => Math.max(ms / config.speed, atLeastMs);
  return {
    leaseMs: 30_000,
    jobTakenMs: 30_000,
    retryMs: scaled(5_000, 250),
    turnApartMs: scaled(50, 2),
    passingMs: scaled(600_000, 15_000),
    heldMs: scaled(60_000, 1_000),
    deniedMs: Math.max(config.backoff.operatorFirstMs, config.pollIntervalMs),
    frozenMs: scaled(3_600_000, 15_000),
    regionsMs: scaled(24 * 3_600_000, 60_000),
    accountTagsMs: scaled(3_600_000, 10_000),
    accountFactsMs: Math.max(scaled(7 * 24 * 3_600_000, 600_000), 4 * config.pollIntervalMs),
    restMs: scaled(24 * 3_600_000, 60_000),
    hostManagementMs: scaled(24 * 3_600_000, 60_000),
    goneMs: scaled(7 * 24 * 3_600_000, 600_000),
    clockSkewMs: scaled(10_000, 100),
    expiryMarginMs: 60_000,
  };
}
