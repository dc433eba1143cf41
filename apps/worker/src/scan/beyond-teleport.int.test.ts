import { organizationMatcher } from '@muster/testing/system-config';
import { expect, test } from 'vitest';
import { useWorkerBench } from '../fixtures/worker-bench.fixture.ts';
import { ACCOUNT, aWorld, instanceId, MANAGEMENT, someInstances } from '../fixtures/written-world.fixture.ts';

const startWorkerBench = useWorkerBench();

test('an owner who tags an instance muster:opt-out keeps it out, whatever the value', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)) });
  const tags = { ...bench.facts.matchTags, 'muster:opt-out': '' };
  await bench.aws.change({ op: 'set-tags', instanceId: instanceId(0), tags });

  await bench.scanned();

  expect([...(await bench.records()).keys()]).toEqual([instanceId(1)]);
});

test('a role that asks for an external id is assumed in every account of the organization', async () => {
  const world = aWorld(someInstances(1), {
    access: { externalId: 'the-external-id' },
  });
  const bench = await startWorkerBench({ world });
  expect(bench.facts).toMatchObject({ externalId: 'the-external-id' });

  await bench.scanned();
  expect(await bench.states()).toEqual({ queued: 1 });

  const without = bench.depsWith((facts) => ({
    discovery_service: { aws: [organizationMatcher({ ...facts, externalId: null })] },
  }));
  expect(await bench.run('list-regions', { accountId: ACCOUNT }, without)).toEqual({
    regions: 0,
    denied: true,
  });
});

test('a member role with a path, and an external id, is assumed by its whole name', async () => {
  const world = aWorld(someInstances(1), {
    access: { roleName: 'teleport/fleet/discovery', externalId: 'the-external-id' },
  });
  const bench = await startWorkerBench({ world });

  await bench.scanned();
  expect(await bench.states()).toEqual({ queued: 1 });

  const without = bench.depsWith((facts) => ({
    discovery_service: { aws: [organizationMatcher({ ...facts, roleName: 'discovery' })] },
  }));
  expect(await bench.run('list-regions', { accountId: ACCOUNT }, without)).toEqual({
    regions: 0,
    denied: true,
  });
});

test('only the accounts of include_accounts are entered', async () => {
  const bench = await startWorkerBench({
    world: aWorld(someInstances(1)),
    config: (facts) => ({
      discovery_service: { aws: [{ ...organizationMatcher(facts), include_accounts: [ACCOUNT] }] },
    }),
  });

  await bench.discover();

  expect(await bench.ledger.coverage.accountIds()).toEqual([ACCOUNT]);
  expect(await bench.ledger.coverage.account(MANAGEMENT)).toBeNull();
});
