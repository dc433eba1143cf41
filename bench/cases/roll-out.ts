import { pause } from '@muster/testing/eventually';
import { startSystem } from '@muster/testing/muster-system';
import type { Benchmark, BenchOptions, Measured } from '../benchmark.ts';

/** Fast enough to be measured, slow enough that hosts are waited for, as in life, and not the two cores. */
const SPEED = 20;
const REGIONS = 3;
const WORKERS = 2;
const LOOK_EVERY_MS = 500;
const WITHIN_MS = 40 * 60_000;

/** A first roll-out to the last host joined, with the default caps: with the default ramp, and without a ramp. */
export const rollOut: Benchmark = {
  name: 'roll-out',
  about: `100,000 instances of 1,000 accounts × ${REGIONS} regions installed until all have joined, with the default caps; at ${SPEED} times life. ${WORKERS} workers.`,
  onlyByName: true,
  run,
};

async function run({ quick }: BenchOptions): Promise<Measured> {
  const size = quick ? { accounts: 20, instances: 2_000 } : { accounts: 1_000, instances: 100_000 };
  const without = await rollOutAll(size, true);
  const ramped = await rollOutAll(size, false);
  return {
    figures: { joinedMs: ramped.joinedMs, firstTenthMs: ramped.firstTenthMs, whileLive: ramped.whileLive },
    baseline: { joinedMs: without.joinedMs, firstTenthMs: without.firstTenthMs },
    ratios: { ramp: ramped.joinedMs / without.joinedMs },
    must: [
      { of: 'ramp', atMost: 1.25 },
      { of: 'whileLive', atMost: 0 },
    ],
    notes: [
      'From the first accepted command to the last host joined, in real time. The baseline is the same roll-out with `muster.rollout.ramp.off`.',
    ],
  };
}

interface RolledOut {
  readonly joinedMs: number;
  /** Until one host of ten has joined. */
  readonly firstTenthMs: number;
  /** Sends to a host whose command before had not ended, as the simulator counts them. */
  readonly whileLive: number;
}

async function rollOutAll(
  { accounts, instances }: { readonly accounts: number; readonly instances: number },
  isRampOff: boolean,
): Promise<RolledOut> {
  const system = await startSystem({
    world: { accounts, regions: REGIONS, instances, seed: 7 },
    speed: SPEED,
    workers: WORKERS,
    config: {
      // One sweep finds all hosts: at this speed those after it would be all that the cores do.
      discovery_service: { poll_interval: '6h' },
      ...(isRampOff ? { muster: { rollout: { ramp: { off: true } } } } : {}),
    },
  });
  try {
    const untilMs = Date.now() + WITHIN_MS;
    let firstSendAtMs: number | null = null;
    let firstTenthMs: number | null = null;
    for (;;) {
      await pause(LOOK_EVERY_MS);
      if (Date.now() > untilMs) throw new Error(`not everything has joined within ${WITHIN_MS} ms`);
      if (firstSendAtMs === null) {
        if ((await system.ledger.statistics.read()).commandsSent > 0) firstSendAtMs = Date.now();
        continue;
      }
      const joined = (await system.ledger.enrollments.counts()).states.get('joined') ?? 0;
      const tookMs = Date.now() - firstSendAtMs;
      if (firstTenthMs === null && joined >= instances / 10) firstTenthMs = tookMs;
      if (joined < instances) continue;
      const { whileLive } = system.report().installs;
      return { joinedMs: tookMs, firstTenthMs: firstTenthMs ?? tookMs, whileLive };
    }
  } finally {
    await system.close();
  }
}
