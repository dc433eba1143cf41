import { sealAccount } from '@muster/core/organization/account';
import { AccountCheckup } from '@muster/core/reports/doctor/check';
import { ReportId } from '@muster/core/reports/report';
import { organizationMatcher } from '@muster/testing/system-config';
import { ulid } from 'ulid';
import { expect, test } from 'vitest';
import { useWorkerBench, type WorkerBench } from '../fixtures/worker-bench.fixture.ts';
import { sealerOf } from '../organization/account-scope.ts';
import { ACCOUNT, aWorld, someInstances } from '../fixtures/written-world.fixture.ts';

const startWorkerBench = useWorkerBench();

/** Has an account answered in a report of its own; `isKnown`: whether the report says which account that is. */
async function checkedAccount(bench: WorkerBench, isKnown: boolean): Promise<AccountCheckup> {
  const { reports } = bench.deps;
  const reportId = ReportId.parse(ulid(bench.now()));
  const part = `account:${ACCOUNT}`;
  await reports.open(reportId, [part]);
  const facts = { accountId: ACCOUNT, name: 'member', state: 'ACTIVE', ancestorIds: ['r-ab12'] } as const;
  const account = sealAccount(facts, bench.now(), sealerOf(bench.deps));
  if (isKnown) await reports.put(reportId, new Map([[part, account]]));
  await bench.run('check-account', { reportId, accountId: ACCOUNT });
  const [answer] = await reports.results(reportId, 0);
  return AccountCheckup.parse(answer?.result);
}

test('what we did not foresee is told as a mistake of ours, of its account, and not as silence', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(1)) });

  const { checks } = await checkedAccount(bench, false);

  expect(checks).toMatchObject([
    {
      id: 'account-role',
      cause: 'internal',
      accountId: ACCOUNT,
      status: 'fail',
      detail: expect.stringContaining(`does not know the account ${ACCOUNT}`) as string,
      remedy: 'See the log of the worker.',
    },
  ]);
});

test('hosts that cannot be sent to are named by cause, the first ten of each', async () => {
  const bench = await startWorkerBench({
    world: aWorld([...someInstances(1), ...someInstances(12, { ssm: { agentVersion: '2.3.0.0' } }, 100)]),
  });

  const { checks, agents } = await checkedAccount(bench, true);

  expect(agents).toEqual({ running: 13, online: 13 });
  const [share, old] = checks.filter(({ id }) => id === 'agents');
  expect(share).toMatchObject({ status: 'pass', subject: null });
  expect(old).toMatchObject({ cause: 'agents-too-old', subject: 'ec2-ssm-agent-too-old', status: 'warn' });
  expect(old?.detail.match(/i-0/g)).toHaveLength(10);
  expect(old?.detail).toMatch(/, and 2 more$/);
});

test('a host that is merely too young is no defect', async () => {
  const bench = await startWorkerBench({
    config: (facts) => ({
      discovery_service: { aws: [{ ...organizationMatcher(facts), min_instance_age: '10m' }] },
    }),
    world: aWorld([]),
  });
  const [instance = { region: '' }] = someInstances(1, {
    ssm: { registersAfterMs: 0, agentVersion: '2.3.0.0' },
  });
  await bench.aws.change({ op: 'launch-instances', accountId: ACCOUNT, instance });

  const young = await checkedAccount(bench, true);
  bench.advance(10 * 60_000);
  const grown = await checkedAccount(bench, true);

  const causes = ({ checks }: AccountCheckup): readonly (string | null)[] =>
    checks.filter(({ id }) => id === 'agents').map(({ cause }) => cause);
  expect(causes(young)).toEqual([null]);
  expect(causes(grown)).toEqual([null, 'agents-too-old']);
});

test('an optional permission that answers 5xx is no failed account, and costs seconds', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(1)) });
  await bench.aws.change({
    op: 'add-fault',
    fault: { kind: 'error', status: 503, apis: ['ssm:CancelCommand', 'ec2:DescribeRegions'] },
  });
  const begunAtMs = Date.now();

  const { checks } = await checkedAccount(bench, true);

  expect(Date.now() - begunAtMs).toBeLessThan(15_000);
  expect(checks.filter(({ status }) => status === 'fail')).toEqual([]);
  const optional = checks.filter(({ subject }) =>
    ['ssm:CancelCommand', 'ec2:DescribeRegions'].includes(subject ?? ''),
  );
  expect(optional.map(({ status, cause }) => [status, cause])).toEqual([
    ['skipped', null],
    ['skipped', null],
  ]);
  expect(optional[0]?.detail).toContain('could not be asked for');
});
