import { parseWorld } from '@muster/aws-sim/world/file';
import { eventually } from '@muster/testing/eventually';
import { startSystem } from '@muster/testing/muster-system';
import { type ChaosCase, seconds } from './chaos-case.ts';

const DAY_MS = 24 * 3_600_000;
const MOST_ATTEMPTS = 8;
/** Teleport tries every five minutes. */
const TELEPORT_ATTEMPTS = 288;

/** Hosts that fail for a whole simulated day must be left in peace more and more, each cause by its own rule. */
export function dayOfFailures(options: { speed: number; perOutcome: number; days: number }): ChaosCase {
  const { speed, perOutcome, days } = options;
  const outcomes = [
    { kind: 'exits', exitCode: 1, stderr: 'E: Unable to locate package teleport' },
    { kind: 'preflight', exitCode: 103 },
    { kind: 'join-refused' },
    { kind: 'hangs' },
    { kind: 'undeliverable' },
    { kind: 'vanishes' },
  ];
  return {
    name: `${days} day of failures at ${speed} times life, ${outcomes.length * perOutcome} bad hosts`,
    async run(seed) {
      const startedAtMs = Date.now();
      const instances = outcomes.map((outcome) => ({ region: 'us-east-1', count: perOutcome, outcome }));
      const world = { name: 'failures', seed, accounts: [{ id: '100000000001', instances }] };
      const system = await startSystem({
        world: { world: parseWorld(JSON.stringify(world), 'failures') },
        speed,
        config: {
          // Every host of the account fails: the brake would stop it, and the back-off is what is tried here.
          muster: { backoff: { operator_first: '10m' }, brake: { enabled: false } },
          discovery_service: { poll_interval: '5m' },
        },
      });
      try {
        await eventually(
          'the day is over',
          () => system.report().elapsedSimMs > days * DAY_MS,
          (days * DAY_MS) / speed + 60_000,
        );
        const { installs, calls } = system.report();
        const attempts = Math.max(...Object.keys(installs.perInstance).map(Number));
        if (attempts > MOST_ATTEMPTS) {
          throw new Error(`${attempts} attempts: ${JSON.stringify(installs.perInstance)}`);
        }
        if (installs.whileLive > 0) throw new Error(`${installs.whileLive} sends while a command was live`);
        const bad = outcomes.length * perOutcome;
        const sends = Object.entries(installs.perInstance).reduce(
          (sum, [n, hosts]) => sum + Number(n) * hosts,
          0,
        );
        const ssm = Object.entries(calls)
          .filter(([api]) => api.startsWith('ssm:'))
          .reduce((sum, [, counts]) => sum + counts.ok, 0);
        return `at most ${attempts} attempts per host, ${sends} installs (every cycle: ${bad * TELEPORT_ATTEMPTS * days}), ${ssm} SSM calls, ${seconds(startedAtMs)}`;
      } finally {
        await system.close();
      }
    },
  };
}
