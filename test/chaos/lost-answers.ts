import { startSystem } from '@muster/testing/muster-system';
import { type ChaosCase, seconds } from './chaos-case.ts';

/** Of every ten sends three take effect and lose their answer, in three ways. */
export function lostAnswers(size: { accounts: number; regions: number; instances: number }): ChaosCase {
  return {
    name: `30 % of the answers to SendCommand lost after the effect, ${size.accounts}x${size.regions}x${size.instances}`,
    async run(seed) {
      const startedAtMs = Date.now();
      const apis = ['ssm:SendCommand'];
      const system = await startSystem({
        world: {
          ...size,
          seed,
          settings: {
            faults: [
              { kind: 'reset-after', apis, probability: 0.12 },
              { kind: 'error-after', apis, probability: 0.12 },
              { kind: 'timeout-after', apis, probability: 0.1 },
            ],
          },
        },
        workers: 2,
      });
      try {
        const status = await system.judged(120_000);
        const { perInstance } = system.report().installs;
        if (perInstance['1'] !== status.instances.total) {
          throw new Error(`not one command per instance: ${JSON.stringify(perInstance)}`);
        }
        const faulted = system.report().calls['ssm:SendCommand']?.faulted ?? 0;
        return `${faulted} answers lost of ${system.report().commands.sent} commands, ${seconds(startedAtMs)}`;
      } finally {
        await system.close();
      }
    },
  };
}
