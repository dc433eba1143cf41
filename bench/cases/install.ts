import type { Benchmark, BenchOptions, Measured } from '../benchmark.ts';
import { startWorld } from '../simulated-world.ts';
import { installAll } from './installing.ts';

const HOT = { account: '123456789012', region: 'us-east-1', instances: 2_400 };
const BATCH = 50;
/** `muster.pacing`'s assumption for SendCommand, and our share of it. */
const SEND = { burst: 10, perSecond: 5, share: 0.5 };
const INSTALL_MS: [number, number] = [8_000, 30_000];
const PICKUP_MS: [number, number] = [500, 5_000];
const POLL_MS = 10_000;

/** Installs everywhere, while one target holds as many hosts as SSM's quota allows. */
export const install: Benchmark = {
  name: 'install',
  about: `100,000 instances installed with default buckets; the hottest target has ${HOT.instances.toLocaleString('en-US')}. 2 workers.`,
  run,
};

async function run({ quick }: BenchOptions): Promise<Measured> {
  const generated = quick ? { accounts: 20, instances: 2_000 } : { accounts: 1_000, instances: 97_600 };
  const world = await startWorld({
    ...generated,
    regions: 17,
    more: {
      accounts: [{ id: HOT.account, instances: [{ region: HOT.region, count: HOT.instances }] }],
      latency: { installMs: INSTALL_MS, pickupMs: PICKUP_MS },
    },
  });
  try {
    const instances = generated.instances + HOT.instances;
    const measured = await installAll(world, { workers: 2, instances, hottest: HOT });
    const sends = HOT.instances / BATCH;
    const sendMs = Math.max(0, (sends - SEND.burst * SEND.share) / (SEND.perSecond * SEND.share)) * 1_000;
    const idealMs = sendMs + PICKUP_MS[1] + INSTALL_MS[1] + POLL_MS;
    return {
      figures: { ...measured },
      baseline: { hottestMs: idealMs },
      ratios: {
        hottest: measured.hottestMs / idealMs,
        throttled: measured.throttledShare,
        readsPerInstance: measured.readsPerInstance,
      },
      must: [
        { of: 'hottest', atMost: 1.2 },
        { of: 'throttled', atMost: 0.01 },
        { of: 'readsPerInstance', atMost: 0.2 },
      ],
      notes: [
        'The baseline is arithmetic: our share of the bucket for 48 sends, the slowest host’s pickup and install, one poll.',
      ],
    };
  } finally {
    await world.close();
  }
}
