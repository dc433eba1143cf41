import type { Benchmark, BenchOptions, Measured } from '../benchmark.ts';
import { startWorld } from '../simulated-world.ts';
import { installAll, type Installing } from './installing.ts';

const HOT = { account: '123456789012', region: 'us-east-1', instances: 2_400 };
const REGIONS = 3;
const BATCH = 50;
/** `muster.pacing`'s assumption for SendCommand, which is AWS's bucket here too, and our share of it. */
const SEND = { burst: 10, perSecond: 5, share: 0.5 };
/** How long the slowest simulated host takes: until it fetches the command, and for the install. */
const PICKUP_MS = 5_000;
const INSTALL_MS = 30_000;
/** `muster.install.poll_max`. */
const POLL_MS = 30_000;

/** Installs everywhere, while one target holds as many hosts as SSM's quota allows. */
export const install: Benchmark = {
  name: 'install',
  about: `100,000 instances of 1,000 accounts × ${REGIONS} regions installed with default buckets and polls; the hottest target has ${HOT.instances.toLocaleString('en-US')}. 2 workers.`,
  run,
};

async function run({ quick }: BenchOptions): Promise<Measured> {
  const size = quick ? { accounts: 50, instances: 5_000 } : { accounts: 1_000, instances: 97_600 };
  const alone = await installWorld(size, false);
  const measured = await installWorld(size, true);
  const sends = HOT.instances / BATCH;
  const sendMs = Math.max(0, (sends - SEND.burst * SEND.share) / (SEND.perSecond * SEND.share)) * 1_000;
  const idealMs = sendMs + PICKUP_MS + INSTALL_MS + POLL_MS;
  const { hottestMs, ...others } = measured;
  return {
    figures: { hottestMs: hottestMs ?? Number.NaN, ...others },
    baseline: { hottestMs: idealMs, othersMs: alone.othersMs },
    ratios: {
      hottest: (hottestMs ?? Number.NaN) / idealMs,
      throttled: measured.throttledShare,
      others: measured.othersMs / alone.othersMs,
      readsPerInstance: measured.readsPerInstance,
    },
    must: [
      { of: 'hottest', atMost: 1.2 },
      { of: 'throttled', atMost: 0.01 },
      { of: 'others', atMost: 1.2 },
      { of: 'readsPerInstance', atMost: 0.2 },
    ],
    notes: [
      'The baseline of the hottest target is arithmetic: our share of the bucket for its 48 sends, the slowest host’s pickup and install, one poll of 30 s. That of the others is a run without it. One repetition: each takes about three minutes.',
      'Caps on installs in flight are raised to 100,000: with the default ones (1,000; 250 of an account, 100 of a target) they, not AWS, are what a first installation waits for.',
    ],
  };
}

async function installWorld(
  size: { readonly accounts: number; readonly instances: number },
  withHottest: boolean,
): Promise<Installing> {
  const more = withHottest
    ? { accounts: [{ id: HOT.account, instances: [{ region: HOT.region, count: HOT.instances }] }] }
    : {};
  const world = await startWorld({ ...size, regions: REGIONS, more });
  try {
    const hottest = withHottest ? HOT : null;
    return await installAll(world, { workers: 2, instances: size.instances, hottest });
  } finally {
    await world.close();
  }
}
