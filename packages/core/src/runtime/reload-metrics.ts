import type { Registry } from 'prom-client';
import { createCounter, createGauge } from './metrics.ts';

/** The outcomes of a change of the configuration file. */
export const RELOAD_RESULTS = ['taken-up', 'needs-restart', 'refused'] as const;
export type ReloadResult = (typeof RELOAD_RESULTS)[number];

/** Metrics of a process's configuration. Call the returned function with the outcome of each reload. */
export function createReloadMetrics(registry: Registry): (result: ReloadResult) => void {
  let valid = 1;
  createGauge(
    registry,
    {
      name: 'muster_config_valid',
      help: '0 while the configuration file is not valid and the last good one goes on.',
      labels: {},
    },
    () => Promise.resolve([{ labels: {}, value: valid }]),
  );
  const count = createCounter(registry, {
    name: 'muster_config_reloads_total',
    help: 'Changes of the configuration file that were noticed, by what came of them.',
    labels: { result: RELOAD_RESULTS },
  });
  return (result) => {
    valid = result === 'refused' ? 0 : 1;
    count({ result });
  };
}
