import type { AccountId } from '@muster/core/organization/ids';
import { ORGANIZATION_MEMBER } from '@muster/core/jobs/catalog';
import { organizationMatcher } from '@muster/testing/system-config';
import { describe, expect, test } from 'vitest';
import type { FrontAnswer } from '../fixtures/aws-front.fixture.ts';
import { useWorkerBench, type WorkerBench } from '../fixtures/worker-bench.fixture.ts';
import { ACCOUNT, aWorld, MANAGEMENT, someInstances, TARGET } from '../fixtures/written-world.fixture.ts';

const startWorkerBench = useWorkerBench();

const LATER = '444455556666' as AccountId;

/** The organization's answer as if one account had left it. */
function without(accountId: AccountId): (operation: string, answer: FrontAnswer) => FrontAnswer {
  return (operation, answer) => {
    if (operation !== 'ListAccounts') return answer;
    const page = JSON.parse(answer.body) as { Accounts: { Id: string }[] };
    const Accounts = page.Accounts.filter(({ Id }) => Id !== accountId);
    return { ...answer, body: JSON.stringify({ ...page, Accounts }) };
  };
}

test('accounts of one page are sent on before the next page is asked for', async () => {
  const bench = await startWorkerBench({ flags: { accounts: 45, regions: 1, instances: 0 } });
  const jobsBefore: number[] = [];
  bench.front.before = (operation) => {
    if (operation === 'ListAccounts') jobsBefore.push(bench.jobs.length);
  };

  const result = await bench.run('list-accounts', {});

  expect(result).toEqual({ accounts: 45, removed: 0, error: null });
  expect(jobsBefore).toEqual([0, 20, 40]);
  expect(await bench.ledger.due.count('regions')).toMatchObject({ all: 45 });
});

test('a later listing sends on only what is new, and comes again a poll interval later', async () => {
  const bench = await startWorkerBench({ world: aWorld([]) });
  await bench.discover();
  bench.jobs.splice(0);
  await bench.aws.change({ op: 'add-account', account: { id: LATER } });

  await bench.run('list-accounts', {});

  expect(bench.jobs).toEqual([{ name: 'list-regions', payload: { accountId: LATER } }]);
  const dueAtMs = (await bench.dueAt('accounts', ORGANIZATION_MEMBER)) ?? 0;
  expect(dueAtMs - bench.now()).toBeGreaterThan(bench.deps.config.pollIntervalMs - 5_000);
  expect(dueAtMs - bench.now()).toBeLessThanOrEqual(bench.deps.config.pollIntervalMs);
});

test('a suspended account is known and counted, and has no targets until it is active again', async () => {
  const bench = await startWorkerBench({ world: aWorld([], { account: { state: 'SUSPENDED' } }) });

  await bench.discover();

  expect(bench.jobs.map(({ payload }) => payload)).not.toContainEqual({ accountId: ACCOUNT });
  expect(await bench.ledger.coverage.account(ACCOUNT)).toMatchObject({
    account: { state: 'SUSPENDED' },
    regions: [],
  });
  expect((await bench.ledger.coverage.sweep(bench.now()))?.accounts).toMatchObject({ total: 2, inactive: 1 });

  await bench.aws.change({ op: 'set-account-state', accountId: ACCOUNT, state: 'ACTIVE' });
  await bench.discover();
  expect((await bench.ledger.coverage.account(ACCOUNT))?.regions).toEqual([TARGET.region]);
});

test('an account that became active in a listing that was killed is sent on by the next one', async () => {
  const bench = await startWorkerBench({ world: aWorld([], { account: { state: 'SUSPENDED' } }) });
  await bench.discover();
  await bench.aws.change({ op: 'set-account-state', accountId: ACCOUNT, state: 'ACTIVE' });
  const { coverage } = bench.deps.ledger;
  const putAccounts: typeof coverage.putAccounts = async (accounts) => {
    await coverage.putAccounts(accounts);
    throw new Error('killed');
  };
  const killed = { ...bench.deps.ledger, coverage: { ...coverage, putAccounts } };
  const broken = await bench.run('list-accounts', {}, { ...bench.deps, ledger: killed });
  expect(broken).toMatchObject({ error: 'killed' });
  expect((await coverage.account(ACCOUNT))?.account.state).toBe('ACTIVE');

  await bench.run('list-accounts', {});

  const dueAtMs = (await bench.dueAt('regions', ACCOUNT)) ?? Number.POSITIVE_INFINITY;
  expect(dueAtMs - bench.now()).toBeLessThanOrEqual(bench.deps.timings.jobTakenMs);
  await bench.run('list-regions', { accountId: ACCOUNT });
  expect((await coverage.account(ACCOUNT))?.regions).toEqual([TARGET.region]);
});

test('an active account in which no region is in scope is entered once, not at every listing', async () => {
  const bench = await startWorkerBench({ world: aWorld([]) });
  await bench.discover();
  await bench.ledger.coverage.putRegions(ACCOUNT, [], bench.now());
  const before = await bench.dueAt('regions', ACCOUNT);

  bench.advance(bench.deps.config.pollIntervalMs);
  await bench.run('list-accounts', {});

  expect(before).not.toBeNull();
  expect(await bench.dueAt('regions', ACCOUNT)).toBe(before);
});

test('an account that is suspended keeps what it holds: no worker can look', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)) });
  await bench.scanned();
  await bench.aws.change({ op: 'set-account-state', accountId: ACCOUNT, state: 'SUSPENDED' });

  await bench.run('list-accounts', {});

  expect(await bench.ledger.coverage.read(TARGET)).toBeNull();
  expect(await bench.states()).toEqual({ queued: 2 });
});

test('what an account held is gone once a complete listing does not show the account', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)) });
  await bench.scanned();
  bench.front.rewrite = without(ACCOUNT);

  const result = await bench.run('list-accounts', {});

  expect(result).toEqual({ accounts: 1, removed: 1, error: null });
  await bench.run('scan-target', { target: TARGET });
  expect(await bench.states()).toEqual({ gone: 2 });
  expect(await bench.ledger.coverage.accountIds()).toEqual([MANAGEMENT]);
  expect(await bench.ledger.coverage.all()).toHaveLength(1);
});

test('a listing that breaks off after its first page removes no account', async () => {
  const bench = await startWorkerBench({ flags: { accounts: 25, regions: 1, instances: 0 } });
  await bench.run('list-accounts', {});
  let pages = 0;
  bench.front.before = (operation) => {
    pages += operation === 'ListAccounts' ? 1 : 0;
    if (pages > 1) throw new Error('the connection goes');
  };

  await expect(bench.run('list-accounts', {})).rejects.toMatchObject({ code: 'aws.unavailable' });

  expect(await bench.ledger.coverage.accountIds()).toHaveLength(25);
});

test('while Organizations is denied the last known accounts go on, with a finding and a partial verdict', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(1)) });
  await bench.scanned();
  await bench.run('scan-target', { target: { ...TARGET, accountId: MANAGEMENT } });
  expect((await bench.ledger.coverage.sweep(bench.now()))?.verdict).toBe('complete');
  await bench.aws.change({ op: 'add-fault', fault: { kind: 'deny', apis: ['organizations:*'] } });
  bench.advance(bench.deps.config.pollIntervalMs);

  const result = await bench.run('list-accounts', {});

  expect(result).toMatchObject({ accounts: 2, removed: 0, error: expect.stringContaining('organizations:') });
  expect(await bench.findings()).toEqual(['account-list-failed all']);
  for (const accountId of [ACCOUNT, MANAGEMENT]) {
    expect(await bench.run('scan-target', { target: { ...TARGET, accountId } })).toMatchObject({
      status: 'complete',
    });
  }
  expect((await bench.ledger.coverage.sweep(bench.now()))?.verdict).toBe('partial');

  await bench.aws.change({ op: 'clear-faults' });
  await bench.run('list-accounts', {});
  expect(await bench.findings()).toEqual([]);
});

test('a first listing that is denied is a failed sweep, not an empty organization', async () => {
  const bench = await startWorkerBench({
    world: aWorld([], { access: { deniedDiscoveryActions: ['organizations:*'] } }),
  });

  await bench.run('list-accounts', {});

  expect(await bench.ledger.coverage.sweep(bench.now())).toMatchObject({
    verdict: 'failed',
    accounts: { total: 0 },
  });
});

test('a listing that does not get through is tried again soon, and concludes nothing before a poll interval is over', async () => {
  const bench = await startWorkerBench({ world: aWorld([]) });
  await bench.aws.change({ op: 'add-fault', fault: { kind: 'error', apis: ['organizations:*'] } });

  await expect(bench.run('list-accounts', {})).rejects.toMatchObject({ code: 'aws.unavailable' });

  expect(await bench.ledger.coverage.sweep(bench.now())).toMatchObject({ finishedAtMs: null, verdict: null });
  expect(await bench.findings()).toEqual([]);
  const waitMs = ((await bench.dueAt('accounts', ORGANIZATION_MEMBER)) ?? 0) - bench.now();
  expect(waitMs).toBeLessThanOrEqual(bench.deps.timings.retryMs);

  bench.advance(bench.deps.config.pollIntervalMs + 1);
  expect(await bench.run('list-accounts', {})).toMatchObject({ error: expect.any(String) });
  expect(await bench.findings()).toEqual(['account-list-failed all']);
});

test('a listing that is tried again goes on with the sweep that it began', async () => {
  const bench = await startWorkerBench({ world: aWorld([]) });
  await bench.aws.change({ op: 'add-fault', fault: { kind: 'error', apis: ['organizations:*'] } });
  await bench.run('list-accounts', {}).catch(() => undefined);
  const begun = await bench.ledger.coverage.sweep(bench.now());
  await bench.aws.change({ op: 'clear-faults' });

  await bench.run('list-accounts', {});

  expect((await bench.ledger.coverage.sweep(bench.now()))?.id).toBe(begun?.id);
});

test('an account that no matcher covers is not taken in', async () => {
  const bench = await startWorkerBench({
    world: aWorld([]),
    config: (facts) => ({
      discovery_service: { aws: [{ ...organizationMatcher(facts), exclude_accounts: [MANAGEMENT] }] },
    }),
  });

  await bench.run('list-accounts', {});

  expect(await bench.ledger.coverage.accountIds()).toEqual([ACCOUNT]);
});

test('accounts that are named by their role need no organization', async () => {
  const bench = await startWorkerBench({
    world: aWorld(someInstances(1), { access: { deniedDiscoveryActions: ['organizations:*'] } }),
    config: ({ matchTags }) => ({
      discovery_service: {
        aws: [
          {
            types: ['ec2'],
            regions: ['*'],
            tags: matchTags,
            ssm: { document_name: 'AWS-RunShellScript' },
            assume_role_arn: `arn:aws:iam::${ACCOUNT}:role/discovery`,
          },
        ],
      },
    }),
  });

  await bench.scanned();

  expect(await bench.ledger.coverage.accountIds()).toEqual([ACCOUNT]);
  expect(await bench.states()).toEqual({ queued: 1 });
  expect(bench.front.count('ListAccounts')).toBe(0);
});

describe('tags of accounts', () => {
  const OTHER = '444455556666';
  const tagged = (facts: Parameters<typeof organizationMatcher>[0], more: object = {}) => ({
    discovery_service: {
      aws: [
        {
          ...organizationMatcher(facts),
          account_tags: { stage: ['prod', 'pre*'] },
          exclude_account_tags: { 'muster:off': '*' },
        },
      ],
      ...more,
    },
  });
  const world = (denied: readonly string[] = []) =>
    aWorld(someInstances(1), {
      account: { tags: { stage: 'preview' } },
      access: { deniedDiscoveryActions: [...denied] },
    });
  const asked = (bench: WorkerBench): number => bench.front.count('ListTagsForResource');

  test('choose the accounts, and are asked for once an hour', async () => {
    const bench = await startWorkerBench({ world: world(), config: tagged });
    await bench.aws.change({ op: 'add-account', account: { id: OTHER, tags: { stage: 'dev' } } });

    await bench.run('list-accounts', {});
    expect(await bench.ledger.coverage.accountIds()).toEqual([ACCOUNT]);
    expect(asked(bench)).toBe(3);
    expect((await bench.ledger.coverage.account(ACCOUNT))?.account.tags).toEqual({
      stage: 'preview',
    });

    // The one that is in scope is remembered.
    await bench.run('list-accounts', {});
    expect(asked(bench)).toBe(5);

    await bench.aws.change({
      op: 'set-account-tags',
      accountId: ACCOUNT,
      tags: { stage: 'prod', 'muster:off': '' },
    });
    bench.advance(3_700_000);
    await bench.run('list-accounts', {});
    expect(await bench.ledger.coverage.accountIds()).toEqual([]);
  });

  test('that may not be read are a finding that names the permission; nothing known is forgotten', async () => {
    const bench = await startWorkerBench({ world: world(), config: tagged });
    await bench.discover();
    await bench.run('scan-target', { target: TARGET });
    expect(await bench.states()).toEqual({ queued: 1 });
    bench.advance(3_700_000);
    bench.front.rewrite = (operation, answer) =>
      operation === 'ListTagsForResource'
        ? { status: 400, body: '{"__type":"AccessDeniedException","Message":"not authorized"}' }
        : answer;

    const result = await bench.run('list-accounts', {});

    expect(result.error).toContain('organizations:ListTagsForResource');
    expect(await bench.findings()).toEqual(['account-list-failed all', 'account-tags-denied all']);
    const remedies = (await bench.ledger.control.findings()).map(({ remedy }) => remedy);
    for (const remedy of remedies) expect(remedy).toContain('Allow organizations:ListTagsForResource');
    expect(await bench.ledger.coverage.accountIds()).toEqual([ACCOUNT]);
    await bench.run('scan-target', { target: TARGET });
    expect(await bench.states()).toEqual({ queued: 1 });

    bench.front.rewrite = (_, answer) => answer;
    await bench.run('list-accounts', {});
    expect(await bench.findings()).toEqual([]);
  });

  test('are not asked for when no matcher speaks of them', async () => {
    const bench = await startWorkerBench({ world: world() });

    await bench.run('list-accounts', {});

    expect(asked(bench)).toBe(0);
  });
});
