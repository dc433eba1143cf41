import { pause } from '@muster/testing/eventually';
import { type MusterSystem, startSystem } from '@muster/testing/muster-system';
import type { Benchmark, BenchOptions, Measured } from '../benchmark.ts';

const SPEED = 60;
const SETTLED_WITHIN_MS = 10 * 60_000;
/** One page of accounts, whole pages of instances. */
const WORLD = { accounts: 20, regions: 5, instances: 1_000, seed: 7 };
const TARGETS = WORLD.accounts * WORLD.regions;
const POLL_MS = 5 * 60_000;
const HOUR_MS = 3_600_000;

/** Calls to AWS as the simulator counts them: while everything is installed for the first time, and while nothing changes. */
export const calls: Benchmark = {
  name: 'calls',
  about: `Calls to AWS with the product’s defaults, counted by the simulator: ${WORLD.accounts} accounts × ${WORLD.regions} regions × ${WORLD.instances} instances, from nothing to all joined, and then at rest.`,
  run,
};

async function run({ quick }: BenchOptions): Promise<Measured> {
  const system = await startSystem({
    world: WORLD,
    speed: SPEED,
    config: { discovery_service: { poll_interval: '5m' }, muster: { backoff: { operator_first: '10m' } } },
  });
  try {
    await system.settled(SETTLED_WITHIN_MS);
    const { joined } = system.report();
    if (joined !== WORLD.instances) throw new Error(`${joined} of ${WORLD.instances} have joined`);
    const moving = countsOf(system);
    await atRest(system);
    const before = { counts: countsOf(system), atSimMs: system.report().elapsedSimMs };
    await pause(((quick ? 1 : 3) * HOUR_MS) / SPEED);
    const after = { counts: countsOf(system), atSimMs: system.report().elapsedSimMs };
    const sweeps = (after.atSimMs - before.atSimMs) / POLL_MS;
    return {
      figures: {
        ...named(moving, 'PerInstanceMoving', WORLD.instances),
        ...named(difference(after.counts, before.counts), 'PerTargetAndPoll', TARGETS * sweeps),
        polls: sweeps,
      },
      baseline: {},
      ratios: {},
      must: [
        { of: 'ec2:DescribeInstancesPerTargetAndPoll', atMost: 1.1 },
        { of: 'ec2:DescribeInstancesPerTargetAndPoll', atLeast: 0.8 },
        { of: 'ssm:SendCommandPerInstanceMoving', atMost: 0.3 },
        { of: 'ssm:ListCommandInvocationsPerInstanceMoving', atMost: 2 },
      ],
      notes: [
        `\`PerInstanceMoving\`: until all had joined, by instance. \`PerTargetAndPoll\`: at rest, by target and poll interval (5 minutes). Time runs ${SPEED} times as fast, but sessions last their hour: calls of \`sts:AssumeRole\` are computed in [capacity.md](capacity.md).`,
      ],
    };
  } finally {
    await system.close();
  }
}

/** Labels, confirmations and last looks have ended. */
function atRest(system: MusterSystem): Promise<unknown> {
  return system.settled(SETTLED_WITHIN_MS).then(() => pause((2 * POLL_MS) / SPEED));
}

type Counts = ReadonlyMap<string, number>;

/** Of every API, whatever the answer. */
function countsOf(system: MusterSystem): Counts {
  return new Map(
    Object.entries(system.report().calls).map(([api, { ok, throttled, denied, faulted }]) => [
      api,
      ok + throttled + denied + faulted,
    ]),
  );
}

function difference(after: Counts, before: Counts): Counts {
  return new Map([...after].map(([api, count]) => [api, count - (before.get(api) ?? 0)]));
}

function named(counts: Counts, suffix: string, by: number): Record<string, number> {
  return Object.fromEntries([...counts].map(([api, count]) => [`${api}${suffix}`, count / by]));
}
