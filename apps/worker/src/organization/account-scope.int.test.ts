import { sealAccount } from '@muster/core/organization/account';
import { ORGANIZATION_MEMBER } from '@muster/core/jobs/catalog';
import { forgeAccount } from '@muster/testing/forger';
import { organizationMatcher } from '@muster/testing/system-config';
import { expect, test } from 'vitest';
import { useWorkerBench, type WorkerBench } from '../fixtures/worker-bench.fixture.ts';
import { ACCOUNT, aWorld, someInstances, TARGET } from '../fixtures/written-world.fixture.ts';
import { sealerOf } from './account-scope.ts';

const startWorkerBench = useWorkerBench();
const install = (bench: WorkerBench) => bench.run('install-batch', { target: TARGET });

async function accountOf(bench: WorkerBench) {
  const known = await bench.ledger.coverage.account(ACCOUNT);
  if (known === null) throw new Error('the account is known');
  return known.account;
}

/** Nothing of AWS is asked by whatever works on the account. */
async function expectLeftAlone(bench: WorkerBench): Promise<void> {
  bench.front.calls.splice(0);
  expect(await install(bench)).toMatchObject({ sent: 0, stopped: 'unproven' });
  expect(await bench.run('scan-target', { target: TARGET })).toMatchObject({ status: 'unproven' });
  await bench.run('list-regions', { accountId: ACCOUNT });
  expect(bench.front.calls).toEqual([]);
}

test('an account that is moved into an included unit in Redis alone is not entered, until it is listed again', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(1), { account: { ouPath: 'out' } }) });
  await bench.scanned();
  const { ancestorIds } = await accountOf(bench);
  const unit = ancestorIds.at(-1) ?? '';
  const narrow = bench.depsWith((facts) => ({
    discovery_service: {
      aws: [
        {
          ...organizationMatcher(facts),
          organization: {
            organization_id: facts.organizationId,
            organizational_units: { include: ['*'], exclude: [unit] },
          },
        },
      ],
    },
  }));
  await forgeAccount(bench.store, ACCOUNT, { ancestorIds: ancestorIds.slice(0, 1) });
  bench.front.calls.splice(0);

  expect(await bench.run('install-batch', { target: TARGET }, narrow)).toMatchObject({ sent: 0 });
  expect(await bench.run('scan-target', { target: TARGET }, narrow)).toMatchObject({ status: 'unproven' });

  expect(bench.front.calls).toEqual([]);
  expect(await bench.findings()).toEqual([`ledger-untrusted account:${ACCOUNT}`]);
  expect(await bench.dueAt('accounts', ORGANIZATION_MEMBER)).toBeLessThanOrEqual(bench.now());
  await bench.run('list-accounts', {}, narrow);
  expect(await bench.ledger.coverage.account(ACCOUNT)).toBeNull();
});

test.each([
  ['its units', { ancestorIds: ['r-ab12'] }],
  ['its tags', { tags: { env: 'prod' } }],
  ['its organization', { organizationId: undefined }],
  ['its seal', { seal: 'AAAAAAAAAAAAAAAA' }],
])(
  '%s, changed by another client, keeps every worker out and is a finding of that account',
  async (_, change) => {
    const bench = await startWorkerBench({ world: aWorld(someInstances(1)) });
    await bench.scanned();
    await forgeAccount(bench.store, ACCOUNT, change);

    await expectLeftAlone(bench);

    expect(await bench.findings()).toEqual([`ledger-untrusted account:${ACCOUNT}`]);
    await bench.run('list-accounts', {});
    expect(await install(bench)).toMatchObject({ sent: 1 });
    expect(await bench.findings()).toEqual([`ledger-untrusted account:${ACCOUNT}`]);
    bench.advance(bench.deps.config.pollIntervalMs + 1);
    await bench.run('list-accounts', {});
    expect(await bench.findings()).toEqual([]);
  },
);

test('facts of an older release, without a seal, wait for the next listing with one note for all', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(1)) });
  await bench.scanned();
  await forgeAccount(bench.store, ACCOUNT, {
    seal: undefined,
    listedAtMs: undefined,
    organizationId: undefined,
  });

  await expectLeftAlone(bench);

  expect(await bench.findings()).toEqual(['accounts-unproven all']);
  expect(await bench.dueAt('accounts', ORGANIZATION_MEMBER)).toBeLessThanOrEqual(
    bench.now() + bench.deps.timings.heldMs,
  );
  await bench.run('list-accounts', {});
  expect(await bench.findings()).toEqual([]);
  expect(await install(bench)).toMatchObject({ sent: 1 });
});

test('without a key nothing is sealed, and what an older release wrote is good enough', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(1)) });
  const keyless = { ...bench.deps, config: { ...bench.deps.config, markerKeys: [] } };
  await bench.run('list-accounts', {}, keyless);
  expect((await accountOf(bench)).seal).toBeUndefined();
  await bench.run('list-regions', { accountId: ACCOUNT }, keyless);
  await bench.run('scan-target', { target: TARGET }, keyless);

  expect(await bench.run('install-batch', { target: TARGET }, keyless)).toMatchObject({ sent: 1 });
});

test('an old copy of an account’s facts is not sent by, and is still read by', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(1)) });
  await bench.scanned();
  const listedAtMs = bench.now() - bench.deps.timings.accountFactsMs - 1;
  await bench.ledger.coverage.putAccounts([
    sealAccount(await accountOf(bench), listedAtMs, sealerOf(bench.deps)),
  ]);

  expect(await install(bench)).toMatchObject({ sent: 0, stopped: 'unproven' });
  expect(await bench.run('scan-target', { target: TARGET })).toMatchObject({ status: 'complete' });

  expect(await bench.findings()).toEqual(['accounts-unproven all']);
});

test('tags of an account that another client wrote are not sealed by the next listing: they are read again', async () => {
  const bench = await startWorkerBench({
    world: aWorld(someInstances(1), { account: { tags: { enroll: 'no' } } }),
    config: (facts) => ({
      discovery_service: { aws: [{ ...organizationMatcher(facts), account_tags: { enroll: 'yes' } }] },
    }),
  });
  await bench.discover();
  expect(await bench.ledger.coverage.account(ACCOUNT)).toBeNull();
  await forgeAccount(bench.store, ACCOUNT, {
    tags: { enroll: 'yes' },
    tagsReadAtMs: 1e300,
    organizationId: bench.facts.organizationId,
    ancestorIds: ['r-ab12'],
  });

  await bench.run('list-accounts', {});

  expect(await bench.ledger.coverage.account(ACCOUNT)).toBeNull();
});

test('credentials that read another organization hold every send, say both ids, and let go when they agree again', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(1)) });
  await bench.scanned();
  const other = bench.depsWith((facts) => ({
    discovery_service: { aws: [organizationMatcher({ ...facts, organizationId: 'o-anotherone1' })] },
  }));

  await bench.run('list-accounts', {}, other);

  const [finding] = await bench.ledger.control.findings();
  expect(finding).toMatchObject({ kind: 'organization-mismatch', scope: 'all' });
  expect(finding?.message).toContain(`read the organization ${bench.facts.organizationId}`);
  expect(finding?.message).toContain('the configuration names o-anotherone1');
  expect(finding?.remedy).toContain('organization.organization_id');
  expect(await install(bench)).toMatchObject({ sent: 0, stopped: 'organization' });
  expect(await bench.run('install-batch', { target: TARGET }, other)).toMatchObject({ sent: 0 });
  await bench.run('list-accounts', {});
  expect(await bench.findings()).toEqual([]);
  expect(await install(bench)).toMatchObject({ sent: 1 });
});

test('accounts of the organization that the configuration no longer names are not sent to, before any listing', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(1)) });
  await bench.scanned();
  const other = bench.depsWith((facts) => ({
    discovery_service: { aws: [organizationMatcher({ ...facts, organizationId: 'o-anotherone1' })] },
  }));

  expect(await bench.run('install-batch', { target: TARGET }, other)).toMatchObject({
    sent: 0,
    stopped: 'organization',
  });

  expect(await bench.findings()).toEqual([]);
  expect((await bench.commands()).length).toBe(0);
});
