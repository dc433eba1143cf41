import { type CleanUpReading, OrganizationReading } from '@muster/core/reports/plan/plan-part';
import { ReportId } from '@muster/core/reports/report';
import { ulid } from 'ulid';
import { expect, test } from 'vitest';
import {
  enrollHosts,
  missTwice,
  removals,
  terminate,
  upTo,
  withCleanup,
} from '../fixtures/enrolled-hosts.fixture.ts';
import { useWorkerBench, type WorkerBench } from '../fixtures/worker-bench.fixture.ts';
import { aWorld, instanceId, someInstances, TARGET } from '../fixtures/written-world.fixture.ts';

const startWorkerBench = useWorkerBench();
const OFF = { muster: { inventory: { source: 'tctl', freshness: '24h' } } };

/** What a worker answers of clean-up for a plan. */
async function planned(bench: WorkerBench, deps = bench.deps): Promise<CleanUpReading | null> {
  const reportId = ReportId.parse(ulid(bench.now()));
  await deps.reports.open(reportId, ['organization']);
  await bench.run('plan-organization', { reportId }, deps);
  const [answer] = await deps.reports.results(reportId, 0);
  return OrganizationReading.parse(answer?.result).cleanUp;
}

test('the plan names what clean-up then removes, and removes nothing itself, whether it is on or off', async () => {
  const bench = await enrollHosts(startWorkerBench, 4);
  const { nodeId } = (await bench.record(instanceId(0))) as { nodeId?: string };
  await terminate(bench, 0);
  await missTwice(bench);

  const on = await planned(bench);
  const off = await planned(bench, bench.depsWith(OFF));

  expect(on).toMatchObject({
    enabled: true,
    nodes: 1,
    accounts: 1,
    held: 0,
    byAccount: [{ accountId: TARGET.accountId, nodes: 1 }],
    longestGone: [{ ...TARGET, instanceId: instanceId(0), nodeId, why: 'instance-gone' }],
  });
  expect(off).toEqual({ ...on, enabled: false });
  expect(await removals(bench)).toEqual({ nodes: 0, ofRunningHosts: 0 });
  expect(await bench.run('clean-nodes', {})).toEqual({ removed: 1, left: 0, stopped: null });
  expect(await planned(bench)).toMatchObject({ nodes: 0, accounts: 0, byAccount: [], longestGone: [] });
});

test('the plan says how many would wait for an approval, and asks for none', async () => {
  const bench = await enrollHosts(startWorkerBench, 24);
  await terminate(bench, ...upTo(22));
  await missTwice(bench);

  const reading = await planned(bench);

  expect(reading).toMatchObject({ nodes: 22, held: 22 });
  expect(reading?.longestGone).toHaveLength(20);
  expect(await bench.ledger.approvals.requests()).toEqual([]);
  expect(await bench.findings()).not.toContain('cleanup-held all');

  await bench.run('clean-nodes', {});
  const [request] = await bench.ledger.approvals.requests();
  if (request !== undefined) await bench.ledger.approvals.approve(request, 'tester');
  expect(await planned(bench)).toMatchObject({ nodes: 22, held: 0 });
});

test('without a reading of the inventory it is not known, which does not mean none', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(1)), config: withCleanup() });

  expect(await planned(bench)).toBeNull();
});
