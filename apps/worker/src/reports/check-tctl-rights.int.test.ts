import { type Check, TeleportCheckup } from '@muster/core/reports/doctor/check';
import { assembleDoctorReport } from '@muster/core/reports/doctor/doctor-report';
import { ReportId } from '@muster/core/reports/report';
import { ulid } from 'ulid';
import { expect, test } from 'vitest';
import { removals, withCleanup } from '../fixtures/enrolled-hosts.fixture.ts';
import { useWorkerBench, type WorkerBench } from '../fixtures/worker-bench.fixture.ts';
import { aWorld, someInstances } from '../fixtures/written-world.fixture.ts';

const startWorkerBench = useWorkerBench();
const start = () =>
  startWorkerBench({ world: aWorld(someInstances(1, { joined: true })), config: withCleanup() });

/** What a worker answers of the rights of tctl's identity. */
async function rights(bench: WorkerBench, faults: object, deps = bench.deps): Promise<readonly Check[]> {
  await fetch(`${bench.teleport.url}/_sim/faults`, { method: 'POST', body: JSON.stringify(faults) });
  const reportId = ReportId.parse(ulid(bench.now()));
  await deps.reports.open(reportId, ['teleport']);
  await bench.run('check-teleport', { reportId }, deps);
  const [answer] = await deps.reports.results(reportId, 0);
  const { checks } = TeleportCheckup.parse(answer?.result);
  return checks.filter(({ id }) => id === 'other-discovery' || id === 'clean-up');
}

test('an identity that may do all passes, and the doctor removes no node', async () => {
  const bench = await start();

  expect(await rights(bench, {})).toMatchObject([
    { id: 'other-discovery', status: 'pass' },
    { id: 'clean-up', status: 'pass' },
  ]);
  expect(await removals(bench)).toEqual({ nodes: 0, ofRunningHosts: 0 });
});

test('an identity that may neither see Discovery Services nor remove nodes is noted, with the rules, and fails nothing', async () => {
  const bench = await start();

  const checks = await rights(bench, { discovery: 'denied', removals: 'denied' });

  expect(checks).toMatchObject([
    {
      id: 'other-discovery',
      status: 'warn',
      cause: 'optional-permission-missing',
      remedy: expect.stringContaining(
        'resources: [discovery_service, instance, discovery_config], verbs: [list, read]',
      ) as string,
    },
    {
      id: 'clean-up',
      status: 'warn',
      cause: 'optional-permission-missing',
      remedy: expect.stringContaining('resources: [node], verbs: [list, read, delete]') as string,
    },
  ]);
  const { verdict } = assembleDoctorReport({
    startedAtMs: 0,
    finishedAtMs: 0,
    ranBy: 'workers',
    worker: null,
    managementAccountId: null,
    checks,
    accounts: [],
    unanswered: [],
  });
  expect(verdict).toBe('warn');
});

test('an older Teleport shows its Discovery Services by the list of instances: no note', async () => {
  const bench = await start();

  expect(await rights(bench, { discovery: 'old' })).toMatchObject([{ status: 'pass' }, { status: 'pass' }]);
});

test('a tctl without an answer is no missing right', async () => {
  const bench = await start();

  expect(await rights(bench, { discovery: 'error', removals: 'error' })).toMatchObject([
    { id: 'other-discovery', status: 'skipped', cause: null },
    { id: 'clean-up', status: 'skipped', cause: null },
  ]);
});

test('clean-up that is off, and no inventory, need no such right', async () => {
  const bench = await start();
  const off = bench.depsWith({ muster: { inventory: { source: 'tctl' } } });
  const none = bench.depsWith({ muster: { inventory: { source: 'none' } } });

  expect((await rights(bench, { removals: 'denied' }, off)).map(({ id }) => id)).toEqual(['other-discovery']);
  expect(await rights(bench, { discovery: 'denied' }, none)).toEqual([]);
});
