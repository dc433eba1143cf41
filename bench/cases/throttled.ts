import type { AwsSimReport } from '@muster/aws-sim/report/report';
import { eventually } from '@muster/testing/eventually';
import type { ConfigPart } from '@muster/testing/system-config';
import { type Benchmark, type BenchOptions, type Measured, medians } from '../benchmark.ts';
import { startMuster } from '../muster-run.ts';
import { type SimulatedWorld, startWorld } from '../simulated-world.ts';
import { SEND_AT_ONCE } from './installing.ts';

const HOT = { account: '123456789012', region: 'us-east-1' };
/** A quarter of what `muster.pacing` assumes of SendCommand. */
const REAL = { burst: 2.5, perSecond: 1.25 };
const WITHIN_MS = 10 * 60_000;

/** AWS allows a quarter of what the configuration believes: how near pacing comes to what there is. */
export const throttled: Benchmark = {
  name: 'throttled',
  about:
    'SendCommand allows a quarter of the configured rate in one target; its whole share is ours to take. 1 worker.',
  run,
};

async function run({ quick }: BenchOptions): Promise<Measured> {
  const repetitions: Record<string, number>[] = [];
  for (let n = 0; n < (quick ? 1 : 3); n += 1) repetitions.push(await sendAll(quick ? 3_000 : 5_000));
  const figures = medians(repetitions);
  return {
    figures,
    baseline: { settledSendsPerSecond: REAL.perSecond, wholeSendsPerSecond: REAL.perSecond },
    ratios: {
      used: (figures['settledSendsPerSecond'] ?? Number.NaN) / REAL.perSecond,
      throttled: figures['settledThrottledShare'] ?? Number.NaN,
    },
    must: [
      { of: 'used', atLeast: 0.9 },
      { of: 'throttled', atMost: 0.05 },
    ],
    notes: [
      'Settled is the second half of the sends; `whole` is the whole way, from the first send to the last.',
      'The baseline is what AWS’s bucket is refilled by. Caps on installs in flight are raised out of the way.',
    ],
  };
}

/** One look at the referee. */
interface Look {
  readonly atMs: number;
  readonly sends: number;
  readonly throttles: number;
}

/** Sends to every instance of a fresh world, and looks on. */
async function sendAll(instances: number): Promise<Record<string, number>> {
  const world = await startWorld({
    accounts: 1,
    regions: 1,
    instances: 0,
    more: {
      accounts: [{ id: HOT.account, instances: [{ region: HOT.region, count: instances }] }],
      limits: { 'ssm:SendCommand': REAL },
    },
  });
  try {
    const config = { muster: { ...(SEND_AT_ONCE['muster'] as ConfigPart), pacing: { share: 1 } } };
    const muster = await startMuster({ world, workers: 1, config });
    try {
      muster.begin();
      return figuresOf(await watch(world));
    } finally {
      await muster.close();
    }
  } finally {
    await world.close();
  }
}

/** Looks from the first accepted send until every instance was sent to. */
async function watch(world: SimulatedWorld): Promise<readonly Look[]> {
  const looks: Look[] = [];
  await eventually(
    'every instance was sent to',
    async () => {
      const { calls, installs }: AwsSimReport = await world.report();
      const { ok: sends = 0, throttled: throttles = 0 } = calls['ssm:SendCommand'] ?? {};
      if (sends > 0) looks.push({ atMs: Date.now(), sends, throttles });
      return sends > 0 && (installs.perInstance['0'] ?? 0) === 0;
    },
    WITHIN_MS,
  );
  return looks;
}

function figuresOf(looks: readonly Look[]): Record<string, number> {
  const [first, last] = [looks[0], looks.at(-1)];
  const middle = looks.find((look) => look.sends >= (last?.sends ?? 0) / 2);
  if (first === undefined || middle === undefined || last === undefined) throw new Error('nothing was sent');
  const settled = between(middle, last);
  const whole = between(first, last);
  return {
    settledSendsPerSecond: settled.perSecond,
    settledThrottledShare: settled.throttledShare,
    wholeSendsPerSecond: whole.perSecond,
    wholeThrottledShare: last.throttles / (last.sends + last.throttles),
    sends: last.sends,
  };
}

function between(from: Look, to: Look): { readonly perSecond: number; readonly throttledShare: number } {
  const sends = to.sends - from.sends;
  const throttles = to.throttles - from.throttles;
  return {
    perSecond: (sends / (to.atMs - from.atMs)) * 1_000,
    throttledShare: throttles / (sends + throttles),
  };
}
