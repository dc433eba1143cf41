import { expect, test } from 'vitest';
import { useWorkerBench } from '../fixtures/worker-bench.fixture.ts';
import { reportMarkerKey } from './marker-findings.ts';

const startBench = useWorkerBench();

test('a worker without a key says so, with what to do, until one has a key', async () => {
  const bench = await startBench();
  const { deps } = bench;

  await reportMarkerKey({ ...deps, config: { ...deps.config, markerKeys: [] } });

  expect(await deps.ledger.control.findings()).toMatchObject([
    { kind: 'marker-key-missing', scope: 'all', remedy: expect.stringContaining('muster.marker_key_file') },
  ]);

  await reportMarkerKey(deps);

  expect(await bench.findings()).toEqual([]);
});
