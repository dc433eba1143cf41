import type { Clock } from '@muster/core/runtime/clock-port';
import { createCounter, createGauge, type createMetrics } from '@muster/core/runtime/metrics';
import type { ReadModel } from './read-model.ts';

/** Adds to the registry how far the read model of this scheduler is. Its age is absent before the first data, never zero. */
export function registerModelMetrics(
  registry: ReturnType<typeof createMetrics>,
  model: Pick<ReadModel, 'state'>,
  clock: Pick<Clock, 'now'>,
): void {
  const count = createCounter(registry, {
    name: 'muster_read_model_rebuilds_total',
    help: 'How often the lists were compared with the whole ledger, the first time included.',
    labels: {},
  });
  let counted = 0;
  createGauge(
    registry,
    {
      name: 'muster_read_model_age_seconds',
      help: 'How far the lists of this scheduler are behind the ledger.',
      labels: {},
    },
    async () => {
      const { asOfMs } = await model.state();
      if (asOfMs === null) return [];
      return [{ labels: {}, value: Math.max(0, clock.now() - asOfMs) / 1_000 }];
    },
  );
  createGauge(
    registry,
    { name: 'muster_read_model_rows', help: 'Instances in the lists of this scheduler.', labels: {} },
    async () => {
      const { rows, rebuilds } = await model.state();
      // A thread that was started again begins to count anew.
      count({}, rebuilds < counted ? rebuilds : rebuilds - counted);
      counted = rebuilds;
      return [{ labels: {}, value: rows }];
    },
  );
}
