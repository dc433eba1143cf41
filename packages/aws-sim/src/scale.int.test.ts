import { expect, test } from 'vitest';
import { startSim } from './testing/simulators.ts';

test('ten thousand accounts and a million instances are there at once', async () => {
  const startedAt = performance.now();

  const sim = await startSim({ accounts: 10_000, regions: 17, instances: 1_000_000, scenario: 'realistic' });
  const startMs = performance.now() - startedAt;
  const report = sim.report();

  expect(startMs).toBeLessThan(10_000);
  expect(process.memoryUsage().rss).toBeLessThan(1.5e9);
  expect(report).toMatchObject({ accounts: 10_000, instances: 1_000_000 });
  expect(report.readableInstances).toBeGreaterThan(850_000);
});
