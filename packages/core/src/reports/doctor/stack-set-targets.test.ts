import { expect, test } from 'vitest';
import type { AccountWork, DoctorReport } from './doctor-report.ts';
import { stackSetScript, stackSetTargets } from './stack-set-targets.ts';

function work(n: number, facts: Partial<AccountWork> = {}): AccountWork {
  const accountId = String(100_000_000_000 + n);
  return {
    accountId,
    name: `account ${n}`,
    units: ['r-ab12', 'ou-ab12-11111111'],
    missingRoles: [`arn:aws:iam::${accountId}:role/member`],
    missingActions: [],
    ...facts,
  };
}

function report(
  accountWork: readonly AccountWork[],
  managementAccountId: string | null = null,
): DoctorReport {
  return {
    version: 1,
    startedAt: '',
    finishedAt: '2026-11-22T08:00:00.000Z',
    ranBy: 'workers',
    worker: null,
    verdict: 'partial',
    summary: { pass: 0, warn: 0, fail: 0, skipped: 0 },
    accounts: { total: 0, ok: 0, failed: 0, skipped: 0 },
    agents: { running: 0, online: 0 },
    managementAccountId,
    checks: [],
    accountWork,
  };
}

test('accounts are targets together with their unit, in commands of a hundred', () => {
  const accounts = Array.from({ length: 150 }, (_, n) => work(n));

  const { deploymentTargets, commands } = stackSetTargets(report(accounts), 'us-east-1');

  expect(deploymentTargets.map(({ Accounts }) => Accounts.length)).toEqual([100, 50]);
  expect(deploymentTargets[0]).toMatchObject({
    OrganizationalUnitIds: ['ou-ab12-11111111'],
    AccountFilterType: 'INTERSECTION',
  });
  expect(commands).toHaveLength(2);
  expect(commands[0]).toContain(`--deployment-targets '{"OrganizationalUnitIds":["ou-ab12-11111111"]`);
});

test('the management account, which no StackSet reaches, gets a stack of its own', () => {
  const targets = stackSetTargets(report([work(0), work(1)], '100000000000'), 'us-east-1');

  expect(targets.managementAccountId).toBe('100000000000');
  expect(targets.deploymentTargets.flatMap(({ Accounts }) => Accounts)).toEqual(['100000000001']);
  expect(targets.commands.join('\n')).toContain('aws cloudformation deploy');
});

test('a role that lacks actions is work for the template, not a target', () => {
  const lacking = work(0, { missingRoles: [], missingActions: ['ssm:SendCommand'] });

  const targets = stackSetTargets(report([lacking]), 'us-east-1');

  expect(targets.accounts).toEqual([]);
  expect(targets.incomplete).toEqual([lacking]);
  expect(targets.commands.join('\n')).toContain('update-stack-set');
});

test('an account that was named outright is a target by its number alone', () => {
  const targets = stackSetTargets(report([work(0, { units: [] })]), 'us-east-1');

  expect(targets.deploymentTargets).toEqual([]);
  expect(targets.commands[0]).toContain('--accounts 100000000000 ');
});

test('nothing that AWS names reaches the shell, unless it is an id', () => {
  const hostile = work(0, { name: "'; rm -rf /; '", units: ['r-ab12', "ou-x'; rm -rf /"] });

  const script = stackSetScript(stackSetTargets(report([hostile]), 'us-east-1'));

  expect(script).not.toContain('rm -rf');
  expect(script).toMatch(/^#!\/bin\/sh\n/);
  expect(script).toContain('STACK_SET:?');
});
