import { organizationMatcher } from '@muster/testing/system-config';
import { eventually, pause } from '@muster/testing/eventually';
import { startSystem } from '@muster/testing/muster-system';
import { type ChaosCase, seconds } from './chaos-case.ts';

/** Longer than BullMQ's lock and stalled check together: what a frozen worker holds is delivered again. */
const FREEZE_MS = 16_000;

/**
 * Two matchers want the same instances, and workers freeze in turns for longer than their locks last, so that their jobs
 * are delivered a second time and then finished by both.
 */
export function duplicates(options: { accounts: number; instances: number; rounds: number }): ChaosCase {
  const { accounts, instances, rounds } = options;
  return {
    name: `two overlapping matchers, jobs delivered twice ${rounds} times over, ${accounts}x2x${instances}`,
    async run(seed) {
      const startedAtMs = Date.now();
      const system = await startSystem({
        world: { accounts, regions: 2, instances, seed, latency: { installMs: [30_000, 120_000] } },
        speed: 20,
        workers: 3,
        config: (facts) => ({
          discovery_service: {
            aws: [
              organizationMatcher(facts),
              {
                ...organizationMatcher(facts),
                tags: { '*': '*' },
                install: { script_name: 'other-installer' },
              },
            ],
          },
          muster: { limits: { installs_in_flight: Math.ceil(instances / (2 * rounds)) } },
        }),
      });
      try {
        const workers = system.processes.filter((one) => one.name.startsWith('worker'));
        for (let round = 0; round < rounds; round += 1) {
          const victim = workers[round % workers.length];
          const { sent } = system.report().commands;
          await eventually(
            'sending goes on',
            () => system.report().commands.sent > sent || system.report().commands.live === 0,
          );
          victim?.signal('SIGSTOP');
          await pause(FREEZE_MS);
          victim?.signal('SIGCONT');
        }
        const status = await system.judged(120_000);
        const { perInstance } = system.report().installs;
        if (perInstance['1'] !== status.instances.total) {
          throw new Error(`not one command per instance: ${JSON.stringify(perInstance)}`);
        }
        return `${status.instances.total} instances with one command each, ${seconds(startedAtMs)}`;
      } finally {
        await system.close();
      }
    },
  };
}
