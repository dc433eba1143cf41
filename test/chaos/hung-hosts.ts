import { parseWorld } from '@muster/aws-sim/world/file';
import { eventually } from '@muster/testing/eventually';
import { startSystem } from '@muster/testing/muster-system';
import { type ChaosCase, seconds } from './chaos-case.ts';

/** Slow, so that this machine's own time hardly counts. */
const SPEED = 15;
/** Delivery and execution timeouts of the usual configuration, in simulated ms. */
const WHOLE_TIMEOUT_MS = 420_000;

/**
 * So many hosts of one target hang, in an organization that is otherwise well: the others finish as if they were not
 * there, and the hung ones all cost one timeout together.
 */
export function hungHosts(hung: number): ChaosCase {
  return {
    name: `${hung} hung hosts in one target`,
    async run(seed) {
      const system = await startSystem({
        world: {
          world: parseWorld(
            JSON.stringify({
              name: 'hung',
              seed,
              accounts: [
                {
                  id: '100000000001',
                  instances: [{ region: 'us-east-1', count: hung, outcome: { kind: 'hangs' } }],
                },
                { id: '100000000002', instances: [{ region: 'us-east-1', count: 50 }] },
                { id: '100000000003', instances: [{ region: 'us-west-2', count: 50 }] },
              ],
            }),
            'hung',
          ),
        },
        speed: SPEED,
        config: {
          muster: {
            limits: {
              installs_in_flight: 2 * hung,
              installs_in_flight_per_account: 2 * hung,
              installs_in_flight_per_target: 2 * hung,
            },
          },
        },
      });
      try {
        await eventually('the first command was sent', () => system.report().commands.sent > 0);
        const startedAtMs = Date.now();
        await eventually(
          'the others have joined',
          () => system.report().joined === 100,
          WHOLE_TIMEOUT_MS / SPEED,
        );
        const others = seconds(startedAtMs);
        const status = await system.judged(120_000);
        const took = Date.now() - startedAtMs;
        const { failed } = status.instances.byState;
        if (failed !== hung) throw new Error(`${failed} failed of ${hung}`);
        // One timeout, and some of this machine's own time for so many.
        if (took > (2 * WHOLE_TIMEOUT_MS) / SPEED) throw new Error(`took ${took} ms: more than one timeout`);
        return `the others joined after ${others}, all ended after ${seconds(startedAtMs)} (one timeout is ${WHOLE_TIMEOUT_MS / SPEED / 1_000} s)`;
      } finally {
        await system.close();
      }
    },
  };
}
