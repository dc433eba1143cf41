import { anAccountId, NOW_MS } from '@muster/testing/builders';
import { describe, expect, test } from 'vitest';
import { type AccountCheckup, type Check, failed, passed, skipped, warned } from './check.ts';
import { assembleDoctorReport, type DoctorReport } from './doctor-report.ts';

function account(n: number, checks: readonly Check[], facts: Partial<AccountCheckup> = {}): AccountCheckup {
  return {
    accountId: anAccountId(n),
    name: `account ${n}`,
    units: ['r-ab12'],
    state: 'ACTIVE',
    roles: [],
    lockedRoles: [],
    missingActions: [],
    regions: 1,
    agents: { running: 2, online: 1 },
    checks: [...checks],
    ...facts,
  };
}

function report(
  checks: readonly Check[],
  accounts: readonly AccountCheckup[],
  unanswered: readonly string[] = [],
): DoctorReport {
  return assembleDoctorReport({
    startedAtMs: NOW_MS,
    finishedAtMs: NOW_MS + 1_000,
    ranBy: 'workers',
    worker: 'host',
    managementAccountId: null,
    checks,
    accounts,
    unanswered,
  });
}

const ok = (n: number): AccountCheckup =>
  account(n, [passed('account-role', 'assumed', { accountId: anAccountId(n) })]);
const broken = (n: number): AccountCheckup =>
  account(n, [failed('permission', 'permission-missing', 'no', 'allow', { accountId: anAccountId(n) })], {
    missingActions: ['ssm:SendCommand'],
  });

describe('the verdict', () => {
  test('passes when everything passed or was a reminder', () => {
    expect(report([passed('redis', 'ok'), skipped('token', 'look')], [ok(0)]).verdict).toBe('pass');
  });

  test('warns when something is a note', () => {
    expect(report([warned('inventory', 'no-inventory', 'none', 'set')], [ok(0)]).verdict).toBe('warn');
  });

  test('is partial when some accounts failed, and fails when all did', () => {
    expect(report([], [ok(0), broken(1)]).verdict).toBe('partial');
    expect(report([], [broken(0), broken(1)]).verdict).toBe('fail');
  });

  test('fails when something that concerns all failed', () => {
    expect(report([failed('proxy', 'proxy-unreachable', 'no', 'curl')], [ok(0)]).verdict).toBe('fail');
  });

  test('a part that no worker answered is a failure, of its account or of all', () => {
    const partial = report([], [ok(0)], [`account:${anAccountId(1)}`]);

    expect(partial).toMatchObject({ verdict: 'partial', accounts: { total: 2, ok: 1, failed: 1 } });
    expect(report([], [ok(0)], ['teleport']).checks.at(-1)).toMatchObject({
      id: 'proxy',
      cause: 'not-answered',
    });
    expect(report([], [ok(0)], ['organization']).verdict).toBe('fail');
  });
});

test('checks come in the order of a person, accounts by number, and are counted', () => {
  const { checks, summary } = report(
    [skipped('token', 'look'), passed('redis', 'ok'), passed('configuration', 'ok')],
    [ok(2), ok(1)],
  );

  expect(checks.map(({ id, accountId }) => [id, accountId])).toEqual([
    ['configuration', null],
    ['redis', null],
    ['account-role', anAccountId(1)],
    ['account-role', anAccountId(2)],
    ['token', null],
  ]);
  expect(summary).toEqual({ pass: 4, warn: 0, fail: 0, skipped: 1 });
});

test('accounts that lack something are work, those out of use are skipped, agents are summed', () => {
  const suspended = account(3, [], { state: 'SUSPENDED' });
  const locked = account(0, [], { lockedRoles: ['arn'] });

  const { accounts, accountWork, agents } = report([], [broken(1), locked, ok(2), suspended]);

  expect(accountWork.map(({ accountId }) => accountId)).toEqual([anAccountId(0), anAccountId(1)]);
  expect(accounts).toEqual({ total: 4, ok: 2, failed: 1, skipped: 1 });
  expect(agents).toEqual({ running: 8, online: 4 });
});
