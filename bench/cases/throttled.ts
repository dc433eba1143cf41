import type { ConfigPart } from '@muster/testing/system-config';
import type { Benchmark, BenchOptions, Measured } from '../benchmark.ts';
import { startWorld } from '../simulated-world.ts';
import { installAll, SEND_AT_ONCE } from './installing.ts';

const HOT = { account: '123456789012', region: 'us-east-1' };
const BATCH = 50;
/** A quarter of what `muster.pacing` assumes of SendCommand. */
const REAL = { burst: 2.5, perSecond: 1.25 };

/** AWS allows a quarter of what the configuration believes: how near pacing comes to what there is. */
export const throttled: Benchmark = {
  name: 'throttled',
  about:
    'SendCommand allows a quarter of the configured rate in one target; its whole share is ours to take. 1 worker.',
  run,
};

async function run({ quick }: BenchOptions): Promise<Measured> {
  const instances = quick ? 5_000 : 20_000;
  const world = await startWorld({
    accounts: 1,
    regions: 1,
    instances: 0,
    more: {
      accounts: [{ id: HOT.account, instances: [{ region: HOT.region, count: instances }] }],
      latency: { installMs: [500, 1_000], pickupMs: [100, 500] },
      limits: { 'ssm:SendCommand': REAL },
    },
  });
  try {
    const muster = { ...(SEND_AT_ONCE['muster'] as ConfigPart), pacing: { share: 1 } };
    const measured = await installAll(world, {
      workers: 1,
      instances,
      hottest: { ...HOT, instances },
      config: { muster },
    });
    const idealMs = ((instances / BATCH - REAL.burst) / REAL.perSecond) * 1_000;
    return {
      figures: { ...measured },
      baseline: { hottestMs: idealMs },
      ratios: { used: idealMs / measured.hottestMs, throttled: measured.throttledShare },
      must: [
        { of: 'used', atLeast: 0.9 },
        { of: 'throttled', atMost: 0.05 },
      ],
      notes: ['Settling is in it: the whole way is measured, from the first send.'],
    };
  } finally {
    await world.close();
  }
}
