import { OrganizationCheckup } from '@muster/core/reports/doctor/check';
import { ReportId } from '@muster/core/reports/report';
import { ulid } from 'ulid';
import { expect, test } from 'vitest';
import { useWorkerBench } from '../fixtures/worker-bench.fixture.ts';
import { aWorld, someInstances } from '../fixtures/written-world.fixture.ts';

const startWorkerBench = useWorkerBench();

test('a worker without a marker key is told of, with what to do; the key itself is not shown', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(1)) });
  const { config, reports } = bench.deps;
  const markerKeyOf = async (deps: typeof bench.deps) => {
    const reportId = ReportId.parse(ulid(bench.now()));
    await reports.open(reportId, ['organization']);
    await bench.run('check-organization', { reportId }, deps);
    const [answer] = await reports.results(reportId, 0);
    return OrganizationCheckup.parse(answer?.result).checks.filter(({ id }) => id === 'marker-key');
  };

  expect(await markerKeyOf({ ...bench.deps, config: { ...config, markerKeys: [] } })).toMatchObject([
    {
      status: 'warn',
      cause: 'marker-key-missing',
      remedy: expect.stringContaining('muster.marker_key_file') as string,
    },
  ]);
  expect(await markerKeyOf(bench.deps)).toMatchObject([{ status: 'pass', detail: 'one key' }]);
});
